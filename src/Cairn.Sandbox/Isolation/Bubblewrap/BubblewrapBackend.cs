using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation.Box;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Isolation.Bubblewrap;

/// <summary>A chain of the machine's own programs for every command: needs nothing that is built, costs some 10 ms each time.</summary>
internal sealed class BubblewrapBackend(LayerFiles files, ImmutableArray<SandboxMount> mounts) : ISandboxBackend
{
    private readonly SandboxChain _chain = new(files, mounts);
    private readonly ProcessLauncher _launcher = new();

    public string Name => "bubblewrap";

    /// <summary>Its chain of programs has none that could take a mount over.</summary>
    public bool CanShare => false;

    public bool Takes(SandboxCommand command) => true;

    public async Task<SandboxedProcess> StartAsync(SandboxRequest request, CancellationToken cancellationToken)
    {
        var work = request.Open.Scratch("w");
        var status = request.Open.Scratch("s");
        Directory.CreateDirectory(Path.Combine(files.Path, work));
        CommandCgroup? groups = null;
        ProcessWatch? watch = null;
        try
        {
            groups = CgroupTree.Current.Make(files.Owner, request.Run, request.Command.Limits);
            watch = request.IsWatched && CanBeWatched(request) ? await ProcessWatch.StartAsync(_launcher, files.Path) : null;
            var chain = _chain.Build(request, groups, work, status, watch is not null);
            var process = await _launcher.StartAsync(chain, files.Path, SandboxIdentity.Surroundings, watch?.Inside);
            watch?.Inside.Dispose();
            return new Running(files, process, groups, work, status, watch, request.Command.Arguments);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            groups?.Dispose();
            watch?.Dispose();
            TreeRemoval.Remove(files.State, work);
            throw new SandboxFailure(e.Message, e);
        }
    }

    public void Dispose() => _launcher.Dispose();

    // bubblewrap runs as the repository's owner, who must be able to reach the helper; else the record says that nobody watched.
    private bool CanBeWatched(SandboxRequest request) =>
        BoxBackend.IsUsable && (!files.IsRoot || request.RootStat.Uid == 0 || BoxBackend.IsForEverybody);

    private sealed class Running(
        LayerFiles files, Process process, CommandCgroup? groups, string work, string status, ProcessWatch? watch, ImmutableArray<string> arguments) : SandboxedProcess
    {
        private const int KillSignal = 9;

        // util-linux's unshare wants to die of the signal that its child died of, and cannot set SIGKILL's handler before.
        private const string Complaint = "unshare: sigprocmask unblock failed: Invalid argument\n";

        public override Stream Input => process.StandardInput.BaseStream;

        public override Stream Output => process.StandardOutput.BaseStream;

        public override Stream Error => process.StandardError.BaseStream;

        /// <summary>
        /// Kills the first process of the outer pid namespace: the kernel then kills all others, and `unshare`, which waits
        /// for it, ends only after them. Before there is one, `unshare` or the shell before it is killed itself.
        /// </summary>
        public override void Kill()
        {
            try
            {
                var id = process.Id.ToString(CultureInfo.InvariantCulture);
                var children = File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
                foreach (var child in children)
                {
                    _ = LinuxCalls.Kill(int.Parse(child, CultureInfo.InvariantCulture), KillSignal);
                }

                if (children.Length == 0)
                {
                    process.Kill();
                }
            }
            catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException)
            {
                // It ended by itself just now, or its children are not ours to see: then its own end takes them along.
                KillQuietly();
            }
        }

        public override async Task<SandboxExit> WaitAsync()
        {
            await process.WaitForExitAsync(CancellationToken.None);
            var exit = ExitCode();
            var limit = groups?.LimitHit();
            return new(exit ?? (limit is null ? null : process.ExitCode), limit, null, exit is null ? Complaint : null)
            {
                Processes = watch is null ? null : ProcessEvents.Read(await watch.EventsAsync(), arguments, null),
            };
        }

        public override void Dispose()
        {
            process.Dispose();
            watch?.Dispose();
            groups?.Dispose();
            TreeRemoval.Remove(files.State, work);
            TreeRemoval.Remove(files.State, status);
        }

        private void KillQuietly()
        {
            try
            {
                process.Kill();
            }
            catch (InvalidOperationException)
            {
            }
        }

        /// <summary>bwrap writes the exit code only when the sandbox was complete and the command ended in it.</summary>
        private int? ExitCode()
        {
            const string Key = "\"exit-code\": ";
            var file = Path.Combine(files.Path, status);
            var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(l => l.Contains(Key, StringComparison.Ordinal)) : null;
            return line is null ? null : int.Parse(line.AsSpan(line.IndexOf(Key, StringComparison.Ordinal) + Key.Length).TrimEnd("} "), CultureInfo.InvariantCulture);
        }
    }
}
