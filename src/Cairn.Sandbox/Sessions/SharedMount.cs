using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation.Box;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Sessions;

/// <summary>
/// The workspace as a run's shells have it mounted, for a command beside them. It is the same mount of overlayfs and not a second one
/// over the same layer, which overlayfs does not define: what one writes the other reads, as two programs of one machine.
/// </summary>
internal static class SharedMount
{
    private const int HeadBytes = 5, MaxText = 8192;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Asks the holder for it over a connection of its own: descriptors come beside bytes, which the other one reads otherwise.</summary>
    /// <param name="address">Where the holder listens.</param>
    /// <exception cref="WorkspaceException">When there is none to be had.</exception>
    public static SafeFileHandle Take(string address)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)Patience.TotalMilliseconds };
            socket.Connect(new UnixDomainSocketEndPoint(address));
            socket.Send([1, 0, 0, 0, (byte)'T']);
            Span<byte> head = stackalloc byte[HeadBytes];
            var (received, mount) = BoxCalls.Receive(socket.SafeHandle, head);
            return mount ?? throw Refusal(received == HeadBytes ? Text(socket, BinaryPrimitives.ReadInt32LittleEndian(head) - 1) : "the process that holds them is gone");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw Refusal(e.Message);
        }
    }

    private static string Text(Socket socket, int length)
    {
        var text = new byte[Math.Clamp(length, 0, MaxText)];
        return Encoding.UTF8.GetString(text, 0, text.Length == 0 ? 0 : socket.Receive(text));
    }

    private static WorkspaceException Refusal(string why) => new(FileProblem.Io, $"The files that the run's shells hold cannot be reached: {why}. The command was not run.");
}
