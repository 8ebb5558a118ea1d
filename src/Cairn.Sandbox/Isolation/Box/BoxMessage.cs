using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Isolation.Box;

/// <summary>The messages between this process and the keeper of a sandbox; box.c says what they hold.</summary>
internal static class BoxMessage
{
    /// <summary>The longest message that the keeper takes.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Bytes of an answer, without the events that follow it.</summary>
    public const int AnswerBytes = 32 + ProcessEvents.HeadBytes;

    /// <summary>Where what a command sees beside the workspace is mounted.</summary>
    private const string MountPlace = "/run/";

    private const int MaxMounts = 8;

    /// <summary>In place of overlay's options: the workspace comes as a descriptor.</summary>
    public const string SharedMount = "-";

    /// <summary>Ends the command that runs.</summary>
    public static byte[] Kill { get; } = Pack(["kill"]);

    /// <summary>The message that starts a command.</summary>
    /// <exception cref="SandboxFailure">When arguments and environment are too long.</exception>
    public static byte[] Run(SandboxRequest request, string overlayOptions, bool git, int? processes)
    {
        var command = request.Command;
        var environment = SandboxIdentity.Environment(command);
        List<string> fields =
        [
            "run", request.Root, (command.ReadOnly ? "ro" : "rw") + (command.NoExec ? "-noexec" : ""), overlayOptions, git ? "git" : "-", SandboxIdentity.Directory(request),
            Number(command.Limits.FileBytes), Number(command.Limits.OpenFiles), Number(processes ?? 0), Number(environment.Count),
            Number(command.Mounts.Length), .. command.Mounts.SelectMany(m => (string[])[m.Source, m.Target[MountPlace.Length..]]), .. environment.Select(v => $"{v.Key}={v.Value}"), .. command.Arguments,
        ];
        return Pack(fields);
    }

    /// <summary>A command's mounts lie where the helper puts them.</summary>
    public static bool Takes(SandboxCommand command) => command.Mounts.Length <= MaxMounts
        && command.Mounts.All(m => m.Target.StartsWith(MountPlace, StringComparison.Ordinal) && m.Target.Length > MountPlace.Length && !m.Target[MountPlace.Length..].Contains('/', StringComparison.Ordinal));

    /// <summary>An answer's status as a shell counts it.</summary>
    public static int ExitCode(ReadOnlySpan<byte> answer)
    {
        const int Signal = 0x7F, SignalBase = 128;
        var status = BinaryPrimitives.ReadInt32LittleEndian(answer);
        var signal = status & Signal;
        return signal == 0 ? (status >> 8) & 0xFF : SignalBase + signal;
    }

    /// <summary>How many bytes of events follow an answer.</summary>
    public static int EventBytes(ReadOnlySpan<byte> answer) => (int)Math.Min(ProcessEvents.MaxBytes, BinaryPrimitives.ReadUInt32LittleEndian(answer[32..]));

    /// <summary>What all processes that were waited for used: microseconds, and KiB of the largest.</summary>
    public static (long Cpu, long Peak) Used(ReadOnlySpan<byte> answer) =>
        (BinaryPrimitives.ReadInt64LittleEndian(answer[8..]) + BinaryPrimitives.ReadInt64LittleEndian(answer[16..]), BinaryPrimitives.ReadInt64LittleEndian(answer[24..]));

    private static byte[] Pack(IReadOnlyList<string> fields)
    {
        var size = fields.Sum(f => Encoding.UTF8.GetByteCount(f) + 1);
        if (size > MaxBytes)
        {
            throw new SandboxFailure($"the command's arguments and environment take {size} bytes; the most is {MaxBytes}");
        }

        var message = new byte[sizeof(uint) + size];
        BinaryPrimitives.WriteInt32LittleEndian(message, size);
        var at = sizeof(uint);
        foreach (var field in fields)
        {
            at += Encoding.UTF8.GetBytes(field, message.AsSpan(at)) + 1;
        }

        return message;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
