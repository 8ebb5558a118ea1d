using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Egress;

/// <summary>
/// The way from a sandbox without network to one server of ours: a Unix socket in a directory that is bound into the sandbox, and
/// a forwarder inside that listens on the sandbox's own loopback. Nothing else is reached through it.
/// </summary>
public sealed class GatewayDoor : IDisposable
{
    /// <summary>The port on the sandbox's loopback.</summary>
    public const int Port = 4141;

    private const string Inside = "/run/cairn-gateway";
    private const string SocketName = "gateway";
    private const string ForwardName = "forward";
    private readonly string _directory;

    /// <summary>Makes the directory; the server binds <see cref="SocketPath"/> next.</summary>
    /// <exception cref="WorkspaceException">When the forwarder was not built, or there is no room.</exception>
    public GatewayDoor()
    {
        var forwarder = RunNetwork.Forwarder ?? throw new WorkspaceException(
            FileProblem.NotFound, "Guests need cairn-forward, which was not built: install a C compiler (apt-get install gcc libc6-dev) and build Cairn again.");
        try
        {
            _directory = Directory.CreateTempSubdirectory("cairn-door-").FullName;
            File.Copy(forwarder, Path.Combine(_directory, ForwardName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WorkspaceException(FileProblem.Io, $"The guest's way to the gateway cannot be made: {e.Message}", e);
        }
    }

    /// <summary>Where the server listens.</summary>
    public string SocketPath => Path.Combine(_directory, SocketName);

    /// <summary>The server's address as the sandbox knows it.</summary>
    public static string Address => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}");

    /// <summary>Lets the user of the sandbox, the owner of the repository, open the socket; called once the server listens.</summary>
    public void OpenFor(string repository)
    {
        if (LinuxCalls.EffectiveUser() != 0)
        {
            return;
        }

        using var owned = Handle(repository);
        using var ours = Handle(_directory);
        var owner = DirectoryHandle.StatOf(owned, repository);
        foreach (var name in (string[])[SocketName, "."])
        {
            LinuxError.Check(LinuxCalls.ChangeOwner(ours, FileNames.Encode(name), owner.Uid, owner.Gid, LinuxCalls.NoFollowFlag), "give", name);
        }
    }

    /// <summary>The command with the way to the server.</summary>
    public SandboxCommand Connect(SandboxCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return command with
        {
            Arguments = [$"{Inside}/{ForwardName}", Port.ToString(CultureInfo.InvariantCulture), $"{Inside}/{SocketName}", .. command.Arguments],
            Mounts = command.Mounts.Add(new(_directory, Inside)),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static SafeFileHandle Handle(string directory)
    {
        var handle = new SafeFileHandle(
            LinuxCalls.Open(FileNames.Encode(directory), LinuxCalls.ReadOnly | LinuxCalls.Directory | LinuxCalls.CloseOnExec, 0), ownsHandle: true);
        return handle.IsInvalid ? throw LinuxError.Last("open", directory) : handle;
    }
}
