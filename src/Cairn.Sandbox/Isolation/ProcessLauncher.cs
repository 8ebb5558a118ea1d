using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Cairn.Sandbox.Isolation.Box;
using Cairn.Sandbox.Layers;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Isolation;

/// <summary>
/// Starts processes from one thread that lives as long as the launcher: the parent-death signal fires when the thread
/// that forked ends, not the process, and a pool thread may end at any time.
/// </summary>
internal sealed class ProcessLauncher : IDisposable
{
    /// <summary>Stands among the arguments for the number of the inherited descriptor.</summary>
    public const string InheritedDescriptor = "{inherited}";

    /// <summary>Who comes when so many wait already waits in line: starting is what takes the time, and nobody gains by a longer list.</summary>
    private const int MaxWaiting = 64;

    private const nint CloseRangeNumber = 436;
    private const uint CloseOnExecFlag = 4;

    // Descriptors belong to the whole process: while one launcher lets a child inherit one, another must neither close it
    // to children again nor start a child of its own.
    private static readonly Lock Forking = new();
    private static readonly string[] SystemDirectories = ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"];
    private readonly BlockingCollection<(ProcessStartInfo Info, SafeFileHandle? Inherited, TaskCompletionSource<Process> Started)> _work = new(MaxWaiting);
    private readonly Thread _thread;

    public ProcessLauncher()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "cairn-launcher" };
        _thread.Start();
    }

    /// <summary>Starts a program with piped standard streams.</summary>
    /// <param name="chain">Program and arguments.</param>
    /// <param name="directory">Where it starts.</param>
    /// <param name="environment">Its whole environment.</param>
    /// <param name="inherited">A descriptor that it inherits; its number stands where <see cref="InheritedDescriptor"/> is among the arguments.</param>
    public Task<Process> StartAsync(
        IReadOnlyList<string> chain, string directory, IReadOnlyDictionary<string, string> environment, SafeFileHandle? inherited = null)
    {
        var info = new ProcessStartInfo(chain[0].StartsWith('/') ? chain[0] : Find(chain[0]))
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in chain.Skip(1))
        {
            info.ArgumentList.Add(inherited is not null && argument == InheritedDescriptor ? Number(inherited) : argument);
        }

        info.Environment.Clear();
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add((info, inherited, started));
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

    private static Process StartInheriting(ProcessStartInfo info, SafeFileHandle inherited)
    {
        BoxCalls.SetInherited(inherited, true);
        try
        {
            return Process.Start(info)!;
        }
        finally
        {
            BoxCalls.SetInherited(inherited, false);
        }
    }

    private static string Number(SafeFileHandle handle) => handle.DangerousGetHandle().ToString(CultureInfo.InvariantCulture);

    private void Work()
    {
        foreach (var (info, inherited, started) in _work.GetConsumingEnumerable())
        {
            try
            {
                Process process;
                lock (Forking)
                {
                    // A descriptor that our own parent left open must not reach the sandbox.
                    _ = LinuxCalls.CloseRange(CloseRangeNumber, 3, uint.MaxValue, CloseOnExecFlag);
                    process = inherited is null ? Process.Start(info)! : StartInheriting(info, inherited);
                }

                started.SetResult(process);
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException or IOException)
            {
                started.SetException(e);
            }
        }
    }
}
