namespace Cairn.Kernel;

/// <summary>The lines of a command's output that are looked at again: how it ended, how it began, what went wrong.</summary>
internal static class CommandOutline
{
    private const int Head = 8;
    private const int Tail = 24;
    private const int MaxErrors = 48;

    private static readonly System.Buffers.SearchValues<string> Signs = System.Buffers.SearchValues.Create(
        ["error", "fail", "exception", "traceback", "panic", "assert", "expected", "fatal", "undefined", "not found", "cannot", "denied"],
        StringComparison.OrdinalIgnoreCase);

    public static IEnumerable<int> Lines(string[] lines)
    {
        foreach (var i in Briefs.Ends(lines, Head, Tail))
        {
            yield return i;
        }

        var found = 0;
        for (var i = Head; i < lines.Length - Tail && found < MaxErrors; i++)
        {
            if (lines[i].AsSpan().IndexOfAny(Signs) >= 0)
            {
                found++;
                yield return i;
            }
        }
    }
}
