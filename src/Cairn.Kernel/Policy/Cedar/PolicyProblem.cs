namespace Cairn.Kernel.Cedar;

/// <summary>A place in a policy text that is wrong.</summary>
/// <param name="Name">The text's name: a path, mostly.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 units.</param>
/// <param name="Message">What was expected there, and what stands there.</param>
public sealed record PolicyProblem(string Name, int Line, int Column, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name}:{Line}:{Column}: {Message}";

    internal static PolicyProblem At(string text, int offset, string message)
    {
        var line = 1;
        var start = 0;
        var end = Math.Min(offset, text.Length);
        for (var i = 0; i < end; i++)
        {
            if (text[i] == '\n')
            {
                line++;
                start = i + 1;
            }
        }

        return new("", line, end - start + 1, message);
    }
}

/// <summary>Ends the reading of one policy; the reader of the set goes on behind its semicolon.</summary>
internal sealed class SyntaxStopException(int offset, string message) : Exception(message)
{
    public int Offset { get; } = offset;
}
