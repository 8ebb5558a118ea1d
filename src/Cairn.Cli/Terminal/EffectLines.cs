using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Cli.Terminal;

/// <summary>What a tool call did, line by line: files with the hashes before and after, processes as a tree, network requests.</summary>
internal static class EffectLines
{
    /// <summary>How many lines of each kind a log shows when nobody asks for all.</summary>
    public const int Few = 4;

    private const int MaxLine = 160;
    private const int MaxIndent = 8;

    /// <param name="e">The record; only the result of a tool call has effects.</param>
    /// <param name="most">The most lines of each kind.</param>
    public static List<string> Of(RunEvent e, int most)
    {
        var lines = new List<string>();
        if (e is not ToolCallFinished { } call)
        {
            return lines;
        }

        var effects = call.Effects ?? new CallEffects();
        Add(lines, (effects.Files ?? []).Select(File), effects.FilesLeftOut ?? 0, most, "paths");
        Add(lines, Processes(effects.Processes ?? []), effects.ProcessesLeftOut ?? 0, most, "processes");
        Add(lines, (call.Network ?? []).Select(Request), 0, most, "kinds of requests");
        if (most == int.MaxValue && effects is { CpuMilliseconds: { } cpu, PeakKilobytes: { } peak })
        {
            lines.Add(Text($"used {cpu / 1000.0:0.00} s of processor time, {peak / 1024.0:0.0} MiB at most in one process"));
        }

        if (effects.Unwatched == true)
        {
            lines.Add("processes were not watched: this sandbox has no way to");
        }

        return lines;
    }

    private static void Add(List<string> lines, IEnumerable<string> all, int leftOut, int most, string what)
    {
        var found = all.ToList();
        lines.AddRange(found.Take(most).Select(line => Safe.Line(line, MaxLine)));
        var hidden = found.Count - Math.Min(most, found.Count);
        if (hidden + leftOut > 0)
        {
            lines.Add(Text($"… and {hidden + leftOut} more {what}{(hidden > 0 ? " (--effects shows them)" : " that are not on record")}"));
        }
    }

    private static string File(PathChange change) => change.Change switch
    {
        ChangeKind.Added => $"file {change.Path} added {Hash(change.After)}",
        ChangeKind.Deleted => $"file {change.Path} deleted {Hash(change.Before)}",
        _ => $"file {change.Path} {(change.Before == change.After ? "changed in mode" : $"{Hash(change.Before)} -> {Hash(change.After)}")}",
    };

    private static string Hash(BlobHash hash) => hash.IsNone ? "" : hash.Short;

    private static IEnumerable<string> Processes(IReadOnlyList<ProcessUse> all)
    {
        var depth = new Dictionary<int, int> { [0] = -1 };
        foreach (var process in all)
        {
            depth[process.Number] = depth.GetValueOrDefault(process.Parent, -1) + 1;
            var indent = new string(' ', 2 * Math.Min(MaxIndent, depth[process.Number]));
            var end = process.ExitCode is { } exit ? string.Create(CultureInfo.InvariantCulture, $"exit {exit}") : "ended by a signal";
            var use = process is { CpuMicroseconds: { } cpu, PeakKilobytes: { } peak } ? Text($", {cpu / 1000.0:0.0} ms, {peak / 1024.0:0.0} MiB") : "";
            yield return $"ran  {indent}{process.Command} ({end}{use})";
        }
    }

    private static string Request(NetworkAccess access) =>
        Text($"net  {access.Method} {access.Host}:{access.Port} {access.Verdict}, {access.Count} times, {access.Sent} bytes sent, {access.Received} received");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
