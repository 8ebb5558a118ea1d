using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Isolation;

/// <summary>
/// Makes processes out of what cairn-box saw: programs that began and processes that ended by themselves (box.c, "Watching").
/// What a signal ended has no exit code; what neither began a program nor ended by itself was not seen at all. The
/// texts come from inside the sandbox and may say anything.
/// </summary>
internal static class ProcessEvents
{
    /// <summary>Bytes before the events: their size, and how many did not fit.</summary>
    public const int HeadBytes = 8;

    /// <summary>The most bytes of events.</summary>
    public const int MaxBytes = 256 << 10;

    private const int EventBytes = 40;
    private const int MaxLine = 240;
    private const int MaxBefore = 4;

    /// <summary>Reads head and events, as `cairn-box watch` prints them; null when they are cut off.</summary>
    /// <param name="record">The bytes.</param>
    /// <param name="first">The command itself, whose own arguments may not be readable from outside.</param>
    /// <param name="used">What the command used by another count; null when there is none.</param>
    public static ProcessesSeen? Read(ReadOnlySpan<byte> record, IReadOnlyList<string> first, (long Cpu, long Peak)? used)
    {
        if (record.Length < HeadBytes || BinaryPrimitives.ReadUInt32LittleEndian(record) != record.Length - HeadBytes)
        {
            return null;
        }

        var lost = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(record[4..]));
        List<Seen> all = [];
        Dictionary<int, Seen> live = [];
        for (var rest = record[HeadBytes..]; rest.Length >= EventBytes;)
        {
            var text = BinaryPrimitives.ReadUInt16LittleEndian(rest[36..]);
            var size = EventBytes + ((text + 7) & ~7);
            if (size > rest.Length)
            {
                return null;
            }

            Take(rest[..EventBytes], Arguments(rest.Slice(EventBytes, text), rest[39] != 0), all, live, first);
            rest = rest[size..];
        }

        var listed = Chosen(all);
        return new(
            [.. listed.Select((p, i) => p.ToUse(i + 1, listed.IndexOf(p.Parent!) + 1))],
            all.Count - listed.Count + lost,
            used?.Cpu ?? all.Sum(p => p.Cpu ?? 0),
            used?.Peak ?? all.Max(p => p.Peak));
    }

    private static void Take(ReadOnlySpan<byte> head, ImmutableArray<string> arguments, List<Seen> all, Dictionary<int, Seen> live, IReadOnlyList<string> first)
    {
        var (id, parent) = (BinaryPrimitives.ReadInt32LittleEndian(head[24..]), BinaryPrimitives.ReadInt32LittleEndian(head[28..]));
        if (!live.TryGetValue(id, out var process))
        {
            process = new() { Parent = live.GetValueOrDefault(parent) };
            live[id] = process;
            all.Add(process);
        }

        var ends = head[38] == (byte)'e';
        if (arguments.IsEmpty && all.Count == 1)
        {
            arguments = [.. first];
        }

        if (!ends)
        {
            // A program that could not be started is told of as well: somebody asked for it.
            process.Begin(arguments);
            return;
        }

        process.End(arguments, BinaryPrimitives.ReadInt32LittleEndian(head[32..]), BinaryPrimitives.ReadInt64LittleEndian(head[8..]), BinaryPrimitives.ReadInt64LittleEndian(head[16..]));
        live.Remove(id);
    }

    private static ImmutableArray<string> Arguments(ReadOnlySpan<byte> text, bool isCut)
    {
        if (text.IsEmpty)
        {
            return [];
        }

        var all = Encoding.UTF8.GetString(text[^1] == 0 ? text[..^1] : text).Split('\0');
        return isCut ? [.. all, "…"] : [.. all];
    }

    /// <summary>Those that failed, those that took most time, and the first, in the order in which they were seen.</summary>
    private static List<Seen> Chosen(List<Seen> all)
    {
        if (all.Count <= CallEffects.MaxProcesses)
        {
            return all;
        }

        const int First = CallEffects.MaxProcesses / 4;
        var chosen = all.Take(First)
            .Concat(all.Skip(First).OrderByDescending(p => p.Exit is null or > 0).ThenByDescending(p => p.Cpu ?? 0).Take(CallEffects.MaxProcesses - First))
            .ToHashSet();
        return [.. all.Where(chosen.Contains)];
    }

    private sealed class Seen
    {
        private readonly List<string> _before = [];
        private string? _command;

        public Seen? Parent { get; init; }

        public int? Exit { get; private set; }

        public long? Cpu { get; private set; }

        public long? Peak { get; private set; }

        public void Begin(ImmutableArray<string> arguments)
        {
            if (_command is not null && _before.Count < MaxBefore)
            {
                _before.Add(_command);
            }

            _command = Line(arguments);
        }

        public void End(ImmutableArray<string> arguments, int exit, long cpu, long peak)
        {
            // A process that runs its parent's program is named by its own arguments, which only it can have changed.
            _command ??= Line(arguments);
            (Exit, Cpu, Peak) = (exit, cpu, peak);
        }

        public ProcessUse ToUse(int number, int parent) => new(number, parent, _command ?? "?", Exit, Cpu, Peak)
        {
            Before = _before.Count == 0 ? null : [.. _before],
        };

        private static string Line(ImmutableArray<string> arguments) => SecretText.CommandLine(arguments, MaxLine);
    }
}
