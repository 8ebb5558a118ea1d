using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Isolation.Box;

/// <summary>The C library's calls for sockets that pass descriptors, which .NET has no form of.</summary>
internal static unsafe partial class BoxCalls
{
    private const int UnixFamily = 1, StreamType = 1, SocketLevel = 1, Rights = 1, NoSignal = 0x4000;
    private const int CloseOnExecSocket = 0x80000, CloseOnExec = 0x80000, SetDescriptorFlags = 2, Interrupted = 4;
    private const int MaxDescriptors = 4;
    private const string Libc = "libc";

    /// <summary>Two connected stream sockets that no other program inherits.</summary>
    public static (SafeFileHandle Ours, SafeFileHandle Theirs) SocketPair()
    {
        int* pair = stackalloc int[2];
        Check(SocketPair(UnixFamily, StreamType | CloseOnExecSocket, 0, pair), "make a socket pair");
        return (new(pair[0], true), new(pair[1], true));
    }

    /// <summary>A pipe that no other program inherits.</summary>
    public static (SafePipeHandle Read, SafeFileHandle Write) Pipe()
    {
        int* pair = stackalloc int[2];
        Check(Pipe(pair, CloseOnExec), "make a pipe");
        return (new(pair[0], true), new(pair[1], true));
    }

    /// <summary>The same descriptor under a number that no script uses for its own files.</summary>
    public static SafeFileHandle High(SafeFileHandle handle)
    {
        const int DuplicateFrom = 1030, Lowest = 100;
        var number = Control(handle, DuplicateFrom, Lowest);
        Check(number, "move a descriptor");
        return new(number, true);
    }

    /// <summary>Lets the next program that this process starts inherit a descriptor, or no longer.</summary>
    public static void SetInherited(SafeFileHandle handle, bool inherited) =>
        Check(Control(handle, SetDescriptorFlags, inherited ? 0 : 1), "change a descriptor");

    /// <summary>Sends the first bytes of a message with descriptors; the number of bytes taken.</summary>
    public static int Send(SafeHandle socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        const int Head = 16;
        byte* control = stackalloc byte[Head + (MaxDescriptors * sizeof(int))];
        fixed (byte* data = bytes)
        {
            var part = new Part { Base = data, Length = (nuint)bytes.Length };
            *(nuint*)control = (nuint)(Head + (descriptors.Length * sizeof(int)));
            *(int*)(control + 8) = SocketLevel;
            *(int*)(control + 12) = Rights;
            descriptors.CopyTo(new Span<int>(control + Head, MaxDescriptors));
            var message = new Message
            {
                Parts = &part, PartCount = 1, Control = control, ControlLength = (nuint)(Head + (((descriptors.Length * sizeof(int)) + 7) & ~7)),
            };
            for (;;)
            {
                var sent = SendMessage(socket, &message, NoSignal);
                if (sent >= 0)
                {
                    return (int)sent;
                }

                if (Marshal.GetLastPInvokeError() != Interrupted)
                {
                    throw new IOException("The sandbox cannot be reached: " + new Win32Exception(Marshal.GetLastPInvokeError()).Message);
                }
            }
        }
    }

    /// <summary>Receives what comes next on a socket, blocking, with the descriptor that comes beside its first byte.</summary>
    /// <returns>How many bytes; and the descriptor, which no other program inherits, or null.</returns>
    public static (int Bytes, SafeFileHandle? Passed) Receive(SafeHandle socket, Span<byte> into)
    {
        const int Head = 16, CloseOnExecPassed = 0x40000000;
        byte* control = stackalloc byte[Head + (MaxDescriptors * sizeof(int))];
        fixed (byte* data = into)
        {
            var part = new Part { Base = data, Length = (nuint)into.Length };
            for (;;)
            {
                var message = new Message { Parts = &part, PartCount = 1, Control = control, ControlLength = (nuint)(Head + (MaxDescriptors * sizeof(int))) };
                var received = ReceiveMessage(socket, &message, CloseOnExecPassed);
                if (received >= 0)
                {
                    var isPassed = message.ControlLength >= Head + sizeof(int) && *(int*)(control + 8) == SocketLevel && *(int*)(control + 12) == Rights;
                    return ((int)received, isPassed ? new(*(int*)(control + Head), true) : null);
                }

                if (Marshal.GetLastPInvokeError() != Interrupted)
                {
                    throw new IOException("Nothing can be received: " + new Win32Exception(Marshal.GetLastPInvokeError()).Message);
                }
            }
        }
    }

    private static void Check(int result, string what)
    {
        if (result < 0)
        {
            throw new IOException($"Cannot {what}: " + new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }
    }

    [LibraryImport(Libc, EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int family, int type, int protocol, int* pair);

    [LibraryImport(Libc, EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe(int* pair, int flags);

    [LibraryImport(Libc, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeHandle handle, int command, int value);

    [LibraryImport(Libc, EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeHandle socket, Message* message, int flags);

    [LibraryImport(Libc, EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeHandle socket, Message* message, int flags);

    private struct Part
    {
        public byte* Base;
        public nuint Length;
    }

    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public Part* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
