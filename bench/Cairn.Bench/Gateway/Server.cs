using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Cairn.Bench.Gateway;

/// <summary>A server that is measured: a process of its own, warm for the whole run as gateways are.</summary>
internal sealed class Server : IDisposable
{
    private const double TicksPerSecond = 100; // USER_HZ, on every Linux that .NET runs on.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Process _process;

    private Server(string name, Process process, int port, string[] headers) => (Name, _process, Port, Headers) = (name, process, port, headers);

    public string Name { get; }

    public int Port { get; }

    /// <summary>What a client must send along.</summary>
    public string[] Headers { get; }

    /// <summary>CPU of the whole process so far.</summary>
    public double CpuSeconds
    {
        get
        {
            var fields = File.ReadAllText($"/proc/{_process.Id}/stat").Split(") ")[1].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    /// <summary>Resident memory in KB.</summary>
    public long ResidentKb => long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
        CultureInfo.InvariantCulture);

    /// <summary>One of this program's own commands, whose first line of output is "PORT" or "PORT SECRET".</summary>
    public static Server Own(string name, params string[] args)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, args) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (args[0] == "gateway-mock")
        {
            start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1"; // Nothing there ever waits.
        }

        var process = Process.Start(start)!;
        var line = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{name} did not start");
        var parts = line.Split(' ');
        return new(name, process, int.Parse(parts[0], CultureInfo.InvariantCulture), parts.Length > 1 ? [$"Authorization: Bearer {parts[1]}"] : ["Authorization: Bearer none"]);
    }

    public static Server Portkey(string folder, int backend)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("node", ["--import", "./mend.mjs", Path.Combine(folder, "node_modules/@portkey-ai/gateway/build/start-server.js"), "--headless", $"--port={port}"])
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["NODE_ENV"] = "production";
        start.Environment["TRUSTED_CUSTOM_HOSTS"] = "127.0.0.1,localhost";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var since = Stopwatch.GetTimestamp();
        while (!Answers(port))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(since) > Patience)
            {
                throw new InvalidOperationException("Portkey's gateway did not start");
            }

            Thread.Sleep(50);
        }

        return new("Portkey gateway", process, port, ["Authorization: Bearer none", "x-portkey-provider: openai", $"x-portkey-custom-host: http://127.0.0.1:{backend}/v1"]);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static bool Answers(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
