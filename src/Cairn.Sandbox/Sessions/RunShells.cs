using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Sessions;

/// <summary>
/// The shells of one run over its open workspace. A shell at its prompt rests outside of the workspace, which is mounted in
/// its sandbox only while something is typed or still runs.
/// </summary>
internal sealed class RunShells(
    RunId run, ShellHolder holder, LayerFiles files, IBlobStore blobs, TimeProvider time, SemaphoreSlim changing,
    Func<SandboxCommand, SandboxRequest> request, Func<LayerId?> below, Func<OpenLayer> open) : IShells
{
    private const int Columns = 120, Rows = 40, MountTries = 20;
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);

    private readonly List<string> _notes = [];
    private readonly Dictionary<string, long> _seen = new(StringComparer.Ordinal);
    private HolderClient? _client;
    private CallId _call;
    private bool _mounted;
    private SandboxLimits _limits = new();
    private LayerWatch? _watch;
    private Task _unwatched = Task.CompletedTask;

    public ShellSet? Set { get; private set; }

    // The layer that the mounted workspace stands on: who takes the shells over opens the same stack.
    private string Below => below()?.Value ?? "";

    /// <summary>The workspace is in the shells' sandbox: its open layer must be changed through there only.</summary>
    public bool IsMounted
    {
        get
        {
            NoticeDeath();
            return _mounted;
        }
    }

    /// <summary>The workspace as the sandbox sees it, for file tools; only while it is mounted.</summary>
    public string MountedAt { get; private set; } = "";

    /// <summary>Goes on with the shells of a run's state.</summary>
    /// <param name="known">The shells by the journal.</param>
    /// <param name="client">Their holder, when it lives and is of the same time; taken over.</param>
    /// <param name="state">What it holds.</param>
    /// <param name="ended">What had to be ended because it was of another time.</param>
    public void Adopt(ShellSet? known, HolderClient? client, HolderState? state, IReadOnlyList<string> ended)
    {
        (Set, _client) = (known, client);
        if (state is not null)
        {
            SetMounted(state);
        }

        _notes.AddRange(ended.Select(line => $"Ended, because it could not go where the run went: {line}"));
    }

    public void Begin(CallId call) => _call = call;

    /// <summary>A call is about to change files through the mount.</summary>
    public async Task MarkAsync()
    {
        await _client!.AskAsync('M', _call.Value, Below);
        Set = new(_call.Value, Set?.Open ?? []);
    }

    public async Task<ShellAnswer> SendAsync(ShellInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        await changing.WaitAsync(cancellationToken);
        try
        {
            var (client, state) = await ConnectAsync(input.Limits);
            var held = state.Shells.Where(s => s.Name == input.Shell && !s.IsDead).Cast<HeldShell?>().FirstOrDefault();
            if (held is { IsParked: true } && input.Input.IsEmpty)
            {
                return await AnswerAsync(client, input, new ShellFeed(input.OutputBytes, null), asks: false, isReady: true);
            }

            var known = Set?.Open.FirstOrDefault(s => s.Name == input.Shell);
            if (held is null && known is null && (Set?.Open.Length ?? 0) >= ShellSet.MaxShells)
            {
                throw new WorkspaceException(FileProblem.TooLarge, $"{ShellSet.MaxShells} shells are open already; close one.");
            }

            if (held is null || !input.Input.IsEmpty)
            {
                await client.AskAsync('M', input.Call.Value, Below);
                Set = new(input.Call.Value, Set?.Open ?? []);
            }

            await MountAsync(client);
            var feed = new ShellFeed(input.OutputBytes, input.OnOutput);
            client.OnNews = news =>
            {
                if (news.Shell == input.Shell || news.Type == '!')
                {
                    feed.Take(news);
                }
            };
            var before = held is null && input.Input.IsEmpty ? await OpenAsync(client, input.Shell, known, feed, cancellationToken) - 1
                : held is { } live ? await FollowAsync(client, live) : await OpenAsync(client, input.Shell, known, feed, cancellationToken);
            if (!input.Input.IsEmpty && feed.Ended is null)
            {
                await TypeAsync(client, input, feed, held is null || held.Value.IsParked, cancellationToken);
            }

            var asks = await feed.PromptAsync(client, input, before, time, cancellationToken);
            return await AnswerAsync(client, input, feed, asks, feed.Reports > before);
        }
        catch (OperationCanceledException) when (Set?.Mark == input.Call.Value)
        {
            // What was typed is typed again when the run goes on, into a shell that has not seen it; nothing of this one stays.
            End();
            throw;
        }
        catch (WorkspaceException e) when (_watch?.Hit is { } limit)
        {
            throw new WorkspaceException(FileProblem.TooLarge, $"What ran in the shells wrote more than the limit on {limit} allows; all of it was ended.", e);
        }
        finally
        {
            _client?.OnNews = null;
            changing.Release();
        }
    }

    public async Task<ShellAnswer?> CloseAsync(CallId call, string shell, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var known = Set?.Open.FirstOrDefault(s => s.Name == shell);
            if (known is null)
            {
                return null;
            }

            Set = new(call.Value, Set!.Open.Remove(known));
            if (_client is null)
            {
                return new("", null, true, false, known.Directory, [], Notes());
            }

            await _client.AskAsync('M', call.Value, Below);
            for (var i = 0; i < MountTries && (await _client.HelloAsync()).Shells.Any(s => s.Name == shell && !s.IsDead); i++)
            {
                if (i is 0 or MountTries / 2)
                {
                    await _client.TryAskAsync('C', [shell], default);
                }

                await Task.Delay(Beat, time, cancellationToken);
            }

            var (running, _) = await RestAsync(_client);
            if (Set.Open.IsEmpty)
            {
                _notes.AddRange(End().Select(line => $"Ended with the last shell: {line}"));
                running = [];
            }

            return new("", null, true, false, known.Directory, [.. running], Notes());
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Takes the workspace out of the sandbox when nothing there needs it. The caller holds the workspace.</summary>
    /// <returns>False when it stays mounted.</returns>
    public async Task<bool> TryRestAsync() => _client is null || !IsMounted || (await RestAsync(_client)).AtRest;

    /// <summary>Who holds the workspace, for people.</summary>
    public async Task<string> HoldersAsync() => ShellHolder.Holders(await _client!.HelloAsync());

    /// <summary>The mounted workspace, for one command beside the shells, which counts as theirs. The caller holds the workspace and disposes the mount.</summary>
    public async Task<SafeFileHandle> ShareAsync()
    {
        await MarkAsync();
        return SharedMount.Take(ShellHolder.Address(files.State, run));
    }

    /// <summary>A command beside the shells was cut off and will run again: what it did to their files must not stay, nor what saw it.</summary>
    public void Abandon() => End();

    /// <summary>Closes our end of the connection; the holder lives on.</summary>
    /// <returns>True when it has the open layer mounted.</returns>
    public async Task<bool> ReleaseAsync()
    {
        var (held, client) = (_mounted && _client is { IsBroken: false }, _client);
        Mounted(false);
        await _unwatched;
        _client = null;
        client?.Dispose();
        return held;
    }

    private async Task<(HolderClient Client, HolderState State)> ConnectAsync(SandboxLimits limits)
    {
        NoticeDeath();
        if (_client is null)
        {
            var command = new SandboxCommand(["serve"]) { Environment = Environment, Limits = _limits = limits };
            var wanted = request(command);
            _client = await holder.StartAsync(wanted, wanted.Open.Scratch(Fresh("w")), wanted.Open.Scratch(Fresh("s")));
        }

        var state = await _client.HelloAsync();
        SetMounted(state);
        return (_client, state);
    }

    private static ImmutableDictionary<string, string> Environment { get; } =
        ImmutableDictionary<string, string>.Empty.Add("PAGER", "cat").Add("GIT_PAGER", "cat");

    // Never used twice, not even by another process that goes on with the same layer.
    private static string Fresh(string prefix) => prefix + Guid.NewGuid().ToString("N") + "-";

    private void NoticeDeath()
    {
        if (_client is { IsBroken: true })
        {
            _notes.Add(_watch?.Hit is { } limit
                ? $"The shells were ended, with everything that ran in them: what they wrote hit the limit on {limit}."
                : "The process that held the shells was killed, and with it everything that ran in them.");
            End();
        }
    }

    private IReadOnlyList<string> End()
    {
        var running = holder.End(run);
        _client?.Dispose();
        _client = null;
        Mounted(false);
        _seen.Clear();
        return running;
    }

    private void SetMounted(HolderState state)
    {
        MountedAt = string.Create(CultureInfo.InvariantCulture, $"/proc/{state.Server}/root{request(new([])).Root}");
        Mounted(state.IsMounted);
    }

    /// <summary>What programs in shells write is looked at while they can write, between calls too.</summary>
    private void Mounted(bool mounted)
    {
        _mounted = mounted;
        if (mounted)
        {
            _watch ??= LayerWatch.Start(_limits, open(), time, () => holder.End(run));
        }
        else if (_watch is { } watch)
        {
            (_watch, _unwatched) = (null, watch.DisposeAsync().AsTask());
        }
    }

    private async Task MountAsync(HolderClient client)
    {
        if (IsMounted)
        {
            return;
        }

        var wanted = request(new([]));
        var work = wanted.Open.Scratch(Fresh("w"));
        Directory.CreateDirectory(Path.Combine(files.Path, work));
        await client.AskAsync('A', wanted.Git is null ? "0" : "1", new SandboxIdentity(files).OverlayOptions(wanted, work));
        SetMounted(await client.HelloAsync());
    }

    private async Task<long> FollowAsync(HolderClient client, HeldShell shell)
    {
        var from = _seen.TryGetValue(shell.Name, out var seen) ? seen : shell.LastPrompt;
        await client.AskAsync('F', shell.Name, from.ToString(CultureInfo.InvariantCulture));
        return shell.Reports;
    }

    private async Task<long> OpenAsync(HolderClient client, string name, ShellRecord? known, ShellFeed feed, CancellationToken cancellationToken)
    {
        var root = request(new([])).Root;
        if (known is not null)
        {
            _notes.Add($"The shell {name} was built again as it was at its last prompt: directory, variables, functions, options.");
            _notes.AddRange(known.Running.Select(line => $"Lost with it: {line}"));
        }

        var script = ShellScript.Start(root, known is null ? null : Encoding.UTF8.GetString(blobs.Get(known.State)));
        string[] texts = [name, Columns.ToString(CultureInfo.InvariantCulture), Rows.ToString(CultureInfo.InvariantCulture), root];
        var answer = await client.TryAskAsync('O', texts, Encoding.UTF8.GetBytes(script));
        if (answer.Type != 'k')
        {
            throw new WorkspaceException(FileProblem.Io, $"The shell {name} cannot be opened: {answer.Text}.");
        }

        _seen.Remove(name);
        await client.AskAsync('F', name, "0");
        await feed.UntilAsync(time, Start, () => feed.Reports > 0 || feed.Ended is not null, cancellationToken);
        return feed.Reports > 0 || feed.Ended is not null
            ? feed.Reports
            : throw new WorkspaceException(FileProblem.Io, $"The shell {name} did not come to its first prompt: {SafeText.Line(feed.Text(), 200)}");
    }

    private async Task TypeAsync(HolderClient client, ShellInput input, ShellFeed feed, bool rests, CancellationToken cancellationToken)
    {
        if (rests)
        {
            // The prompt comes first, then what is typed behind it: as it would look to somebody who sits there.
            var total = feed.Total;
            await client.AskAsync('G', input.Shell);
            await feed.UntilAsync(time, Moment, () => feed.Total > total || feed.Ended is not null, cancellationToken);
        }

        var answer = await client.TryAskAsync('I', [input.Shell], input.Input);
        if (answer.Type != 'k' && feed.Ended is null)
        {
            throw new WorkspaceException(FileProblem.Io, $"Nothing was typed: {answer.Text}.");
        }
    }

    private async Task<ShellAnswer> AnswerAsync(HolderClient client, ShellInput input, ShellFeed feed, bool asks, bool isReady)
    {
        if (isReady && feed.State is { } prompt)
        {
            await feed.UntilAsync(time, Moment, () => feed.HasSeen(prompt.Number), CancellationToken.None);
        }

        var (running, atRest) = await RestAsync(client);
        var old = Set!.Open.FirstOrDefault(s => s.Name == input.Shell);
        _seen[input.Shell] = Math.Max(feed.Total, _seen.GetValueOrDefault(input.Shell));
        if (feed.Ended is not null)
        {
            Set = Set with { Open = old is null ? Set.Open : Set.Open.Remove(old) };
            return new(feed.Text(), feed.Ended, true, false, old?.Directory ?? "", [.. running], Notes());
        }

        if (isReady && feed.State is null && feed.Reports > 0)
        {
            _notes.Add("The shell holds more than can be kept; if it is lost, it comes back as it was before.");
        }

        var state = isReady && feed.State is { } told ? blobs.Put(Encoding.UTF8.GetBytes(ShellScript.Again(told))) : old?.State ?? blobs.Put([]);
        var directory = isReady && feed.State is { } here ? here.Directory : old?.Directory ?? request(new([])).Root;
        var record = new ShellRecord(input.Shell, state, directory, [.. running]);
        var open = old is null ? Set.Open.Add(record) : Set.Open.Replace(old, record);
        Set = Set with { Open = atRest ? [.. open.Select(s => s with { Running = [] })] : open };
        return new(feed.Text(), isReady ? feed.State?.ExitCode : null, false, asks, directory, [.. running], Notes());
    }

    /// <summary>When every shell is at its prompt and nothing else runs, the workspace goes; umount itself says whether it may.</summary>
    private async Task<(IReadOnlyList<string> Running, bool AtRest)> RestAsync(HolderClient client)
    {
        var state = await client.HelloAsync();
        SetMounted(state);
        var running = ShellHolder.Beside(state);
        for (var i = 0; i < MountTries && IsMounted && running.Count == 0 && state.Shells.All(s => s.IsParked || s.IsDead); i++)
        {
            var answer = await client.TryAskAsync('D', [], default);
            Mounted(answer.Type != 'k');
            if (answer.Type == 'e')
            {
                throw new WorkspaceException(FileProblem.Io, answer.Text);
            }

            if (IsMounted)
            {
                await Task.Delay(Beat / 10, time, CancellationToken.None);
            }
        }

        return ([.. running.Select(p => p.Line)], !_mounted);
    }

    private ImmutableArray<string> Notes()
    {
        ImmutableArray<string> notes = [.. _notes];
        _notes.Clear();
        return notes;
    }
}
