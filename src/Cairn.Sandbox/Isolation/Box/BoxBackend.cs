using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Isolation.Box;

/// <summary>
/// Sandboxes made by the native helper cairn-box and kept warm: a command costs a mount and a fork. Each is used for one
/// command at a time, and after each the helper takes the workspace away, kills what is left and empties the
/// temporary directories, so that no command finds a trace of the one before it. One in which that failed is thrown away.
/// </summary>
internal sealed class BoxBackend(LayerFiles files, ImmutableArray<SandboxMount> mounts) : ISandboxBackend
{
    /// <summary>The most sandboxes that wait for work.</summary>
    private const int MaxIdle = 4;

    /// <summary>The name under which the limits of warm sandboxes are kept apart from those of runs.</summary>
    private static readonly RunId GroupOwner = RunId.Parse("box");

    private readonly SandboxIdentity _identity = new(files);
    private readonly ProcessLauncher _launcher = new();
    private readonly Lock _gate = new();
    private readonly List<(Kind Kind, WarmBox Box)> _idle = [];
    private bool _disposed;

    /// <summary>The helper's path, beside this assembly.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "cairn-box");

    /// <summary>The descriptor under which the helper finds its socket: the launcher puts it there.</summary>
    public static string SocketPlace => ProcessLauncher.InheritedDescriptor;

    /// <summary>The first Linux that has every call that the helper needs (mount_setattr).</summary>
    private static readonly Version OldestKernel = new(5, 12);

    /// <summary>The helper was built with this installation, and the machine's kernel can carry it.</summary>
    public static bool IsUsable => File.Exists(Program) && Environment.OSVersion.Version >= OldestKernel;

    /// <summary>Every user of the machine can reach the helper: below a home directory, only its owner may be able to.</summary>
    public static bool IsForEverybody { get; } = IsOpenToAll(Program);

    public string Name => "box";

    public bool CanShare => true;

    public bool Takes(SandboxCommand command) => BoxMessage.Takes(command);

    public async Task<SandboxedProcess> StartAsync(SandboxRequest request, CancellationToken cancellationToken)
    {
        var kind = new Kind(request.RootStat.Uid, request.RootStat.Gid, request.Command.Limits.MemoryBytes, request.Command.Limits.Pids, request.Command.Profile, request.Command.NoExec);
        var work = request.Open.Scratch("w");
        WarmBox? box = null;
        try
        {
            Directory.CreateDirectory(Path.Combine(files.Path, work));
            while (box is null)
            {
                box = Take(kind) ?? await MakeAsync(kind, request, cancellationToken);
                if (!await box.IsCleanAsync())
                {
                    box.Dispose();
                    box = null;
                }
            }

            return new Running(this, kind, box, request, work);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception or System.Net.Sockets.SocketException or SandboxFailure)
        {
            box?.Dispose();
            TreeRemoval.Remove(files.State, work);
            throw e as SandboxFailure ?? new SandboxFailure(e.Message, e);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _idle.ForEach(i => i.Box.Dispose());
            _idle.Clear();
        }

        _launcher.Dispose();
    }

    private WarmBox? Take(Kind kind)
    {
        lock (_gate)
        {
            // One that is still clearing up would be waited for.
            var clean = _idle.FindLastIndex(i => i.Kind == kind && i.Box.IsSettled);
            var at = clean >= 0 ? clean : _idle.FindLastIndex(i => i.Kind == kind);
            if (at < 0)
            {
                return null;
            }

            var box = _idle[at].Box;
            _idle.RemoveAt(at);
            box.Groups?.Reset();
            return box;
        }
    }

    private void Give(Kind kind, WarmBox box)
    {
        WarmBox? tooMany = box;
        lock (_gate)
        {
            if (!_disposed && !box.IsSpoilt)
            {
                _idle.Add((kind, box));
                tooMany = null;
                if (_idle.Count > MaxIdle)
                {
                    tooMany = _idle[0].Box;
                    _idle.RemoveAt(0);
                }
            }
        }

        if (tooMany is not null)
        {
            // Taking namespaces down costs milliseconds that the command's caller need not wait for.
            _ = Task.Run(tooMany.Dispose);
        }
    }

    private async Task<WarmBox> MakeAsync(Kind kind, SandboxRequest request, CancellationToken cancellationToken)
    {
        var groups = CgroupTree.Current.Make(files.Owner, GroupOwner, request.Command.Limits);
        try
        {
            return await WarmBox.StartAsync(_launcher, Options(kind, request, groups), files.Path, groups, cancellationToken);
        }
        catch
        {
            groups?.Dispose();
            throw;
        }
    }

    private List<string> Options(Kind kind, SandboxRequest request, CommandCgroup? groups)
    {
        var (uid, gid) = _identity.Inside(request.RootStat);
        var own = _identity.OwnFiles(request.RootStat);
        List<string> options =
        [
            "--inside", Number(uid), Number(gid), "--owner", Number(kind.Uid), Number(kind.Gid), "--seccomp", $"{own}/{SandboxIdentity.FilterName(kind.Profile)}",
        ];
        if (kind.NoExec)
        {
            // Before the mounts that it is about.
            options.Add("--noexec");
        }

        foreach (var file in groups?.JoinFiles ?? [])
        {
            options.AddRange(["--join", file]);
        }

        SystemMounts.Add(options, mounts, kind.MemoryBytes, own);
        return options;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>What two commands must have in common to use one sandbox after another.</summary>
    private readonly record struct Kind(uint Uid, uint Gid, long MemoryBytes, int Pids, SandboxProfile Profile, bool NoExec);

    private sealed class Running : SandboxedProcess
    {
        private readonly BoxBackend _owner;
        private readonly Kind _kind;
        private readonly WarmBox _box;
        private readonly OpenLayer _open;
        private readonly string _work;
        private readonly ImmutableArray<string> _arguments;

        public Running(BoxBackend owner, Kind kind, WarmBox box, SandboxRequest request, string work)
        {
            (_owner, _kind, _box, _open, _work, _arguments) = (owner, kind, box, request.Open, work, request.Command.Arguments);
            var git = request.Git is EntryKind.Directory or EntryKind.File;
            var message = BoxMessage.Run(request, request.Shared is null ? owner._identity.OverlayOptions(request, work) : BoxMessage.SharedMount, git, box.Groups is null ? request.Command.Limits.Pids : null);
            var (output, outputEnd) = BoxCalls.Pipe();
            var (error, errorEnd) = BoxCalls.Pipe();
            Output = new System.IO.Pipes.AnonymousPipeClientStream(System.IO.Pipes.PipeDirection.In, output);
            Error = new System.IO.Pipes.AnonymousPipeClientStream(System.IO.Pipes.PipeDirection.In, error);
            using (outputEnd)
            using (errorEnd)
            {
                if (request.Command.Input.IsEmpty)
                {
                    using var nothing = File.OpenHandle("/dev/null");
                    Send(nothing.DangerousGetHandle());
                }
                else
                {
                    var (inputEnd, input) = BoxCalls.Pipe();
                    Input = new FileStream(input, FileAccess.Write, 0);
                    using (inputEnd)
                    {
                        Send(inputEnd.DangerousGetHandle());
                    }
                }
            }

            void Send(nint input)
            {
                Span<int> streams = [(int)input, (int)outputEnd.DangerousGetHandle(), (int)errorEnd.DangerousGetHandle(), (int)(request.Shared?.DangerousGetHandle() ?? 0)];
                box.Run(message, request.Shared is null ? streams[..^1] : streams);
            }
        }

        public override Stream? Input { get; }

        public override Stream Output { get; }

        public override Stream Error { get; }

        public override void Kill() => _box.Kill();

        public override async Task<SandboxExit> WaitAsync()
        {
            var (answer, failure) = await _box.WaitAsync();
            var limit = _box.Groups?.LimitHit();
            const int Killed = 137;
            return answer is null
                ? new(limit is null ? null : Killed, limit, failure)
                : new(BoxMessage.ExitCode(answer), limit)
                {
                    Processes = ProcessEvents.Read(answer.AsSpan(BoxMessage.AnswerBytes - ProcessEvents.HeadBytes), _arguments, BoxMessage.Used(answer)),
                };
        }

        public override void Dispose()
        {
            Output.Dispose();
            Error.Dispose();
            if (!_box.IsSpoilt)
            {
                _box.Settle();
            }

            _owner.Give(_kind, _box);
            _open.RemoveLater(_work);
        }
    }

    private static bool IsOpenToAll(string program)
    {
        const UnixFileMode Run = UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        if (OperatingSystem.IsWindows() || !File.Exists(program) || (File.GetUnixFileMode(program) & Run) != Run)
        {
            return false;
        }

        for (var at = Path.GetDirectoryName(program); at is not null; at = Path.GetDirectoryName(at))
        {
            if ((File.GetUnixFileMode(at) & UnixFileMode.OtherExecute) == 0)
            {
                return false;
            }
        }

        return true;
    }
}
