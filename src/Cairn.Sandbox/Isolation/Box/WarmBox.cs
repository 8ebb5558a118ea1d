using System.Diagnostics;
using System.Net.Sockets;
using Cairn.Sandbox.Limits;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Isolation.Box;

/// <summary>One live sandbox: runs commands one after another, each over a workspace of its own.</summary>
internal sealed class WarmBox : IDisposable
{
    /// <summary>The most that the keeper's complaint may be, in bytes.</summary>
    private const int MaxComplaint = 4096;

    /// <summary>How long a sandbox may take to end a command after it was told to.</summary>
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(2);

    private readonly Process _keeper;
    private readonly Socket _socket;
    private readonly OutputCapture _complaint = new(MaxComplaint, null);
    private readonly Task _complaining;
    private readonly Lock _gate = new();
    private Task<bool> _settled = Task.FromResult(true);
    private Timer? _impatience;
    private bool _running;
    private bool _disposed;

    private WarmBox(Process keeper, SafeFileHandle socket, CommandCgroup? groups)
    {
        (_keeper, Groups) = (keeper, groups);
        _socket = new(new SafeSocketHandle(socket.DangerousGetHandle(), true));
        socket.SetHandleAsInvalid();
        keeper.StandardInput.Close();
        _complaining = Task.WhenAll(_complaint.ReadAsync(keeper.StandardError.BaseStream), _complaint.ReadAsync(keeper.StandardOutput.BaseStream));
    }

    /// <summary>The limits that it lives under; null when there are none to be had.</summary>
    public CommandCgroup? Groups { get; }

    /// <summary>It may not be used again; what turns out later, <see cref="IsCleanAsync"/> says.</summary>
    public bool IsSpoilt
    {
        get => field || _running;
        private set;
    }

    /// <exception cref="SandboxFailure">When it cannot be made.</exception>
    public static async Task<WarmBox> StartAsync(
        ProcessLauncher launcher, List<string> options, string directory, CommandCgroup? groups, CancellationToken cancellationToken)
    {
        var (ours, theirs) = BoxCalls.SocketPair();
        WarmBox box;
        try
        {
            using (theirs)
            {
                box = new(await launcher.StartAsync([BoxBackend.Program, BoxBackend.SocketPlace, .. options], directory, SandboxIdentity.Surroundings, theirs), ours, groups);
            }
        }
        catch
        {
            ours.Dispose();
            throw;
        }

        var ready = new byte[1];
        try
        {
            if (await box._socket.ReceiveAsync(ready, cancellationToken) == 1)
            {
                return box;
            }

            throw new SandboxFailure(await box.ComplaintAsync());
        }
        catch
        {
            box.Dispose();
            throw;
        }
    }

    /// <summary>Starts a command with the write ends of its output pipes.</summary>
    public void Run(byte[] message, ReadOnlySpan<int> descriptors)
    {
        lock (_gate)
        {
            _running = true;
            // Blocking is fine: the keeper is reading, and a message is short beside the socket's buffer.
            for (var at = BoxCalls.Send(_socket.SafeHandle, message, descriptors); at < message.Length;)
            {
                at += _socket.Send(message.AsSpan(at));
            }
        }
    }

    /// <summary>Kills all processes of the command that runs, and the sandbox itself if that does not end it soon.</summary>
    public void Kill()
    {
        lock (_gate)
        {
            if (!_running || _disposed)
            {
                return;
            }

            try
            {
                _socket.Send(BoxMessage.Kill);
            }
            catch (SocketException)
            {
                // It is gone already: the answer will say so.
            }

            _impatience ??= new(_ => KillKeeper(), null, KillPatience, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Waits for the command's end: its answer with the events behind it, or null with the reason when the sandbox fell apart.</summary>
    public async Task<(byte[]? Answer, string? Failure)> WaitAsync()
    {
        var answer = new byte[BoxMessage.AnswerBytes];
        try
        {
            if (await FillAsync(answer, 0))
            {
                Array.Resize(ref answer, answer.Length + BoxMessage.EventBytes(answer));
                if (await FillAsync(answer, BoxMessage.AnswerBytes))
                {
                    return (answer, null);
                }
            }

            IsSpoilt = true;
            return (null, await ComplaintAsync());
        }
        catch (SocketException e)
        {
            IsSpoilt = true;
            return (null, e.Message);
        }
        finally
        {
            lock (_gate)
            {
                _running = false;
                // A kill that was sent too late may still lie in the socket, before the next command.
                IsSpoilt |= _impatience is not null;
                _impatience?.Dispose();
            }
        }
    }

    /// <summary>Waits in the background until nothing of its command is left.</summary>
    public void Settle()
    {
        _settled = ClearAsync();

        async Task<bool> ClearAsync()
        {
            try
            {
                var dirty = new byte[1];
                return await FillAsync(dirty, 0) && dirty[0] == 0;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>It has cleared up after the command before.</summary>
    public bool IsSettled => _settled.IsCompleted;

    /// <summary>Nothing of the command before is left in it: it may be used. Else it is to be thrown away.</summary>
    public async Task<bool> IsCleanAsync() => await _settled;

    /// <summary>Ends the sandbox with everything in it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _socket.Dispose();
        KillKeeper();
        _keeper.WaitForExit();
        _keeper.Dispose();
        _impatience?.Dispose();
        Groups?.Dispose();
    }

    private async Task<bool> FillAsync(byte[] answer, int from)
    {
        for (var at = from; at < answer.Length;)
        {
            var n = await _socket.ReceiveAsync(answer.AsMemory(at), CancellationToken.None);
            if (n == 0)
            {
                return false;
            }

            at += n;
        }

        return true;
    }

    private void KillKeeper()
    {
        try
        {
            _keeper.Kill();
        }
        catch (InvalidOperationException)
        {
        }
    }

    private async Task<string> ComplaintAsync()
    {
        await _complaining;
        return _complaint.Text().Trim() is { Length: > 0 } text ? text : "the sandbox ended without a word";
    }
}
