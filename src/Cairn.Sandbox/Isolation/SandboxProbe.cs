using System.Diagnostics;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Isolation;

/// <summary>Finds out by trying what the sandbox can do on this machine, and says for each lack how to mend it.</summary>
internal sealed class SandboxProbe(LayerFiles files, LayerStore store)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public async Task<IReadOnlyList<SandboxFact>> RunAsync(CancellationToken cancellationToken)
    {
        var facts = new List<SandboxFact>
        {
            await ProgramAsync("bwrap", "bubblewrap", true, cancellationToken),
            await ProgramAsync("unshare", "util-linux", true, cancellationToken),
            await ProgramAsync("rg", "ripgrep", false, cancellationToken),
            store.Backend == "box"
                ? new("native helper", true, "sandboxes are kept warm by cairn-box", false)
                : new("native helper", false, "not built, so bubblewrap makes each sandbox anew (some 10 ms more for each command); mend: sudo apt-get install gcc libc6-dev, then build again", false),
            UserNamespaces(),
            await OverlayAsync(cancellationToken),
        };
        facts.AddRange(Groups());
        facts.Add(await SandboxAsync(cancellationToken));
        return facts;
    }

    private static async Task<SandboxFact> ProgramAsync(string program, string package, bool essential, CancellationToken cancellationToken)
    {
        var path = ProcessLauncher.Find(program);
        if (!File.Exists(path))
        {
            return new(program, false, $"not found; install it: sudo apt-get install {package}", essential);
        }

        var (exit, output) = await RunAsync([path, "--version"], cancellationToken);
        return new(program, exit == 0, exit == 0 ? output.Split('\n')[0] : $"{path} does not run: {output}", essential);
    }

    private static SandboxFact UserNamespaces()
    {
        const string Name = "user namespaces";
        var most = Number("/proc/sys/user/max_user_namespaces");
        if (most == 0)
        {
            return new(Name, false, "switched off; mend: sudo sysctl user.max_user_namespaces=10000", true);
        }

        if (Number("/proc/sys/kernel/unprivileged_userns_clone") == 0 && LinuxCalls.EffectiveUser() != 0)
        {
            return new(Name, false, "not for ordinary users; mend: sudo sysctl kernel.unprivileged_userns_clone=1", true);
        }

        return Number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 && LinuxCalls.EffectiveUser() != 0
            ? new(Name, false, "AppArmor forbids them to ordinary users; mend: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run as root", true)
            : new(Name, true, string.Create(CultureInfo.InvariantCulture, $"up to {most}"), true);
    }

    private async Task<SandboxFact> OverlayAsync(CancellationToken cancellationToken)
    {
        const string Name = "overlay on the state directory";
        const string Script = """
            set -e; cd "$1"; mkdir l u w m
            mount -t overlay -o "$2lowerdir=l,upperdir=u,workdir=w" overlay m; echo x >m/x; umount m; test -f u/x
            """;
        var scratch = Path.Combine(files.Path, "probe+" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(scratch);
        try
        {
            string[] user = files.IsRoot ? [] : ["--user", "--map-root-user"];
            var (exit, output) = await RunAsync(
                [ProcessLauncher.Find("unshare"), "--mount", .. user, "--propagation", "private", "--", "/bin/sh", "-c", Script, "probe", scratch, files.IsRoot ? "" : "userxattr,"],
                cancellationToken);
            return exit == 0
                ? new(Name, true, files.Path, true)
                : new(Name, false, $"cannot be mounted ({output.Trim()}): '{files.Path}' lies on {FileSystem()}; set CAIRN_STATE to a directory on ext4, xfs or btrfs, for example under /var/lib or in your home", true);
        }
        finally
        {
            TreeRemoval.Remove(files.State, Path.GetFileName(scratch));
        }
    }

    private string FileSystem()
    {
        try
        {
            return new DriveInfo(files.Path).DriveFormat;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return "an unknown file system";
        }
    }

    private static IEnumerable<SandboxFact> Groups()
    {
        const string Mend = "not enforced: no cgroup that this user may use; mend: run as root, or under `systemd-run --user --scope -p Delegate=yes`";
        var tree = CgroupTree.Current;
        yield return new("memory limit", tree.Memory is not null, tree.Memory ?? Mend, false);
        yield return new("process limit", tree.Pids is not null, tree.Pids ?? Mend + " (the per-user limit is set instead)", false);
    }

    private async Task<SandboxFact> SandboxAsync(CancellationToken cancellationToken)
    {
        const string Name = "a command in the sandbox";
        var repository = Directory.CreateTempSubdirectory("cairn-probe-").FullName;
        try
        {
            await using var workspace = store.Open(RunId.Parse("probe"), repository, null);
            var result = await workspace.RunAsync(new SandboxCommand(["/bin/true"]) { Limits = new() { Wall = Patience } }, cancellationToken);
            var time = result.Wall.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
            return result.ExitCode == 0
                ? new(Name, true, $"/bin/true in {time} ms", true)
                : new(Name, false, $"/bin/true ended with {result.ExitCode}: {result.Error}", true);
        }
        catch (WorkspaceException e)
        {
            return new(Name, false, e.Message, true);
        }
        finally
        {
            Directory.Delete(repository, true);
        }
    }

    private static async Task<(int Exit, string Output)> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        const int MostBytes = 4096;
        var info = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        try
        {
            using var process = Process.Start(info)!;
            process.StandardInput.Close();
            var (output, error) = (new OutputCapture(MostBytes, null), new OutputCapture(MostBytes, null));
            await Task.WhenAll(output.ReadAsync(process.StandardOutput.BaseStream), error.ReadAsync(process.StandardError.BaseStream)).WaitAsync(Patience, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, output.Text() + error.Text());
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or TimeoutException)
        {
            return (-1, e.Message);
        }
    }

    private static long? Number(string file) =>
        File.Exists(file) && long.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var value) ? value : null;
}
