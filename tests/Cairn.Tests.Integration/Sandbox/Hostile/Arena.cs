using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cairn.Sandbox;

namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>
/// What an attacker wants, laid out around one repository: a file outside, a process outside, sockets, a port, a secret in
/// the environment. A probe that got at one of them says ESCAPED.
/// </summary>
internal sealed class Arena : IDisposable
{
    public const string Mark = "ESCAPED";

    private static readonly Lazy<string> Probe = new(() => Compile("probe.c"));
    private readonly string _root = Directory.CreateTempSubdirectory("cairn-arena-").FullName;
    private readonly TcpListener _port = new(IPAddress.Loopback, 0);
    private readonly List<Socket> _sockets = [];
    private readonly Process _victim;

    public Arena(LayerStoreOptions options)
    {
        Fixture = new SandboxFixture(options: options);
        Canary = Path.Combine(_root, "canary");
        File.WriteAllText(Canary, Mark + "\n");
        File.Copy(Probe.Value, Fixture.In("probe"));
        Environment.SetEnvironmentVariable("CAIRN_HOSTILE_SECRET", Mark);
        _port.Start();
        Abstract = "cairn-" + Guid.NewGuid().ToString("N");
        Listen(new UnixDomainSocketEndPoint("\0" + Abstract));
        Listen(new UnixDomainSocketEndPoint(Path.Combine(_root, "s")));
        Listen(new UnixDomainSocketEndPoint(Fixture.In("host.sock")));
        Listen(new UnixDomainSocketEndPoint(Fixture.In(".git/host.sock")));
        _victim = Process.Start("sleep", "600");
    }

    public SandboxFixture Fixture { get; }

    /// <summary>A file outside of the repository that holds the mark.</summary>
    public string Canary { get; }

    /// <summary>The name of an abstract socket of the host.</summary>
    public string Abstract { get; }

    public string Fill(string script) => script
        .Replace("@CANARY@", Canary, StringComparison.Ordinal)
        .Replace("@OUTSIDE@", _root, StringComparison.Ordinal)
        .Replace("@ABSTRACT@", Abstract, StringComparison.Ordinal)
        .Replace("@REPO@", Fixture.Repository, StringComparison.Ordinal)
        .Replace("@ABOVE@", Path.GetDirectoryName(Fixture.Repository), StringComparison.Ordinal)
        .Replace("@VICTIM@", _victim.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("@PORT@", ((IPEndPoint)_port.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>Runs a probe where a protection was left off.</summary>
    public async Task<string> WeakAsync(Weakness weakness, string script, CancellationToken cancellationToken)
    {
        var command = weakness.Command(Fixture.Repository).Select(Fill).ToList();
        var info = new ProcessStartInfo(command[0], [.. command.Skip(1), "/bin/bash", "-c", Fill(script)])
        {
            WorkingDirectory = Fixture.Repository, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        return await OutputAsync(info, cancellationToken);
    }

    /// <summary>Runs it in the sandbox.</summary>
    public async Task<SandboxResult> OursAsync(string script, CancellationToken cancellationToken)
    {
        await using var workspace = Fixture.Open();
        return await workspace.RunAsync(
            new SandboxCommand(["bash", "-c", Fill(script)]) { Limits = new() { Wall = TimeSpan.FromSeconds(60) } }, cancellationToken);
    }

    /// <summary>Compiles one of the programs beside this file.</summary>
    public static string Compile(string source, params string[] options)
    {
        var directory = Directory.CreateTempSubdirectory("cairn-probe-").FullName;
        using var text = typeof(Arena).Assembly.GetManifestResourceStream(source)!;
        using (var file = File.Create(Path.Combine(directory, source)))
        {
            text.CopyTo(file);
        }

        var program = Path.Combine(directory, Path.GetFileNameWithoutExtension(source));
        SandboxFixture.OnHost(["gcc", "-O1", "-o", program, .. options, Path.Combine(directory, source)]);
        return program;
    }

    public static async Task<string> OutputAsync(ProcessStartInfo info, CancellationToken cancellationToken)
    {
        using var process = Process.Start(info)!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
        return texts[0] + texts[1];
    }

    public void Dispose()
    {
        _victim.Kill();
        _victim.Dispose();
        _port.Dispose();
        _sockets.ForEach(s => s.Dispose());
        Fixture.Dispose();
        Directory.Delete(_root, true);
    }

    private void Listen(UnixDomainSocketEndPoint at)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(at);
        socket.Listen();
        _sockets.Add(socket);
    }
}
