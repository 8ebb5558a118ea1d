using System.Text;
using Cairn.Abstractions;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Sessions;

/// <summary>What a shell says during one call.</summary>
internal sealed class ShellFeed
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(250);
    private readonly Lock _gate = new();
    private readonly OutputCapture _capture;
    private readonly Action<string>? _listener;
    private readonly StringBuilder _held = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="maxBytes">The most bytes of output that are kept.</param>
    /// <param name="listener">Told of output while it arrives; may be null.</param>
    public ShellFeed(int maxBytes, Action<string>? listener)
    {
        _listener = listener;
        _capture = new(maxBytes, listener is null ? null : Tell);
    }

    /// <summary>Output so far, all that was printed.</summary>
    public long Total { get; private set; }

    /// <summary>The last prompt's number, as the holder counts.</summary>
    public long Reports { get; private set; }

    /// <summary>Its report.</summary>
    public ShellState? State { get; private set; }

    /// <summary>The shell's exit code; null while it lives.</summary>
    public int? Ended { get; private set; }

    /// <summary>The holder is gone.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Completes at the next news after it was read.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>Whether the terminal has printed the sign of that prompt: then all output before it is here.</summary>
    public bool HasSeen(int prompt) => Raw().Contains(PromptSign.Of(prompt), StringComparison.Ordinal);

    /// <summary>The output without the signs of prompts.</summary>
    public string Text() => PromptSign.Without(Raw());

    public void Take(HolderNews news)
    {
        lock (_gate)
        {
            switch (news.Type)
            {
                case 'o':
                    _capture.Add(news.Body);
                    Total = news.First + news.Body.Length;
                    break;
                case 'p':
                    (Reports, State) = (news.First, ShellState.Parse(news.Body));
                    break;
                case 'x':
                    Ended = (int)news.First;
                    break;
                default:
                    IsLost = true;
                    break;
            }

            _changed.SetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Waits until something is so, the holder is gone, or the time is over.</summary>
    public async Task UntilAsync(TimeProvider time, TimeSpan most, Func<bool> condition, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (time.GetElapsedTime(start) is var elapsed && elapsed < most)
        {
            var changed = Changed;
            if (condition() || IsLost)
            {
                return;
            }

            await Task.WhenAny(changed, Task.Delay(most - elapsed, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Waits until the shell is at its next prompt or ended, a program asks for input, or the input's time is over.</summary>
    /// <param name="client">The shell's holder.</param>
    /// <param name="input">What was typed.</param>
    /// <param name="before">The prompts before it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>True when a program asks for input.</returns>
    /// <exception cref="WorkspaceException">When the holder was killed.</exception>
    public async Task<bool> PromptAsync(HolderClient client, ShellInput input, long before, TimeProvider time, CancellationToken cancellationToken)
    {
        var (start, still, total) = (time.GetTimestamp(), time.GetTimestamp(), Total);
        while (time.GetElapsedTime(start) < input.Wait)
        {
            var changed = Changed;
            if (IsLost)
            {
                throw new WorkspaceException(FileProblem.Io, "The process that held the shells was killed in the middle of the call, and everything in them with it.");
            }

            if (Ended is not null || Reports > before)
            {
                return false;
            }

            if (Total != total)
            {
                (still, total) = (time.GetTimestamp(), Total);
            }
            else if (time.GetElapsedTime(still) >= Quiet)
            {
                still = time.GetTimestamp();
                if (ShellHolder.AsksForInput(await client.HelloAsync(), input.Shell))
                {
                    return true;
                }
            }

            await Task.WhenAny(changed, Task.Delay(Beat, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }

        return ShellHolder.AsksForInput(await client.HelloAsync(), input.Shell);
    }

    private string Raw()
    {
        lock (_gate)
        {
            return _capture.Text();
        }
    }

    // A sign may come in two parts: what begins like one waits for the rest.
    private void Tell(string text)
    {
        _held.Append(text);
        var all = PromptSign.Without(_held.ToString());
        var open = all.LastIndexOf('\e');
        var keep = open >= 0 && PromptSign.IsBeginning(all.AsSpan(open)) ? open : all.Length;
        _held.Clear().Append(all, keep, all.Length - keep);
        if (keep > 0)
        {
            _listener!(all[..keep]);
        }
    }
}
