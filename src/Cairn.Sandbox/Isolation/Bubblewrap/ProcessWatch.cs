using System.Diagnostics;
using Cairn.Sandbox.Isolation.Box;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Isolation.Bubblewrap;

/// <summary>
/// The process outside of a sandbox that is asked before a program begins in it. It ends when nothing that it watches is
/// left. A record only: when it fails, so does the record, not the command.
/// </summary>
internal sealed class ProcessWatch : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly Process _process;
    private readonly Task<byte[]> _reading;

    private ProcessWatch(Process process, SafeFileHandle inside)
    {
        (_process, Inside) = (process, inside);
        process.StandardInput.Close();
        _reading = ReadAsync(process);
    }

    /// <summary>The socket over which the sandbox asks to be watched; to be inherited once and then closed.</summary>
    public SafeFileHandle Inside { get; }

    public static async Task<ProcessWatch> StartAsync(ProcessLauncher launcher, string directory)
    {
        var (ours, theirs) = BoxCalls.SocketPair();
        using (theirs)
        using (ours)
        {
            var process = await launcher.StartAsync(
                [BoxBackend.Program, "watch", ProcessLauncher.InheritedDescriptor], directory, SandboxIdentity.Surroundings, ours);
            return new(process, BoxCalls.High(theirs));
        }
    }

    /// <summary>What it saw, once all that it watched is gone; nothing when it failed.</summary>
    public async Task<byte[]> EventsAsync()
    {
        try
        {
            return await _reading.WaitAsync(Patience);
        }
        catch (Exception e) when (e is TimeoutException or IOException)
        {
            return [];
        }
    }

    public void Dispose()
    {
        Inside.Dispose();
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task<byte[]> ReadAsync(Process process)
    {
        using var all = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(all);
        return all.ToArray();
    }
}
