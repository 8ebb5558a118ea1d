using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Cairn.Sandbox.Layers;

namespace Cairn.Sandbox.Isolation;

/// <summary>
/// Starts processes from one thread that lives as long as the launcher: the parent-death signal fires when the thread
/// that forked ends, not the process, and a pool thread may end at any time.
/// </summary>
internal sealed class ProcessLauncher : IDisposable
{
    private const nint CloseRangeNumber = 436;
    private const uint CloseOnExecFlag = 4;
    private static readonly string[] SystemDirectories = ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"];
    private readonly BlockingCollection<(ProcessStartInfo Info, TaskCompletionSource<Process> Started)> _work = [];
    private readonly Thread _thread;

    public ProcessLauncher()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "cairn-launcher" };
        _thread.Start();
    }

    public Task<Process> StartAsync(IReadOnlyList<string> chain, string directory, IReadOnlyDictionary<string, string> environment)
    {
        var info = new ProcessStartInfo(Find(chain[0]))
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in chain.Skip(1))
        {
            info.ArgumentList.Add(argument);
        }

        info.Environment.Clear();
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add((info, started));
        return started.Task;
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    /// <summary>Looks a program up in the system's own directories: the user's PATH is not to be trusted here.</summary>
    internal static string Find(string program) =>
        SystemDirectories.Select(d => d + program).FirstOrDefault(File.Exists) ?? "/usr/bin/" + program;

    private void Work()
    {
        foreach (var (info, started) in _work.GetConsumingEnumerable())
        {
            try
            {
                // A descriptor that our own parent left open must not reach the sandbox.
                _ = LinuxCalls.CloseRange(CloseRangeNumber, 3, uint.MaxValue, CloseOnExecFlag);
                started.SetResult(Process.Start(info)!);
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException or IOException)
            {
                started.SetException(e);
            }
        }
    }
}
