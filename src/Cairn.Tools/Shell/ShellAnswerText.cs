using System.Globalization;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Tools.Shell;

/// <summary>What a shell answered, for the agent.</summary>
internal static class ShellAnswerText
{
    private const int MaxLine = 200;

    /// <param name="answer">The answer.</param>
    /// <param name="root">The workspace's root, which is left out of paths.</param>
    /// <param name="outputBytes">The most bytes of output.</param>
    public static string Of(ShellAnswer answer, string root, int outputBytes)
    {
        var text = new StringBuilder();
        if (answer.Ended)
        {
            text.Append("the shell has ended");
            text.Append(answer.ExitCode is { } code ? string.Create(CultureInfo.InvariantCulture, $" with exit code {code}") : "");
        }
        else if (answer.ExitCode is { } exit)
        {
            text.Append(CultureInfo.InvariantCulture, $"exit code {exit}");
        }
        else
        {
            text.Append(answer.AsksForInput ? "a program waits for input" : answer.Running.IsEmpty ? "at the prompt" : "still running");
        }

        if (!answer.Ended)
        {
            var inside = answer.Directory.StartsWith(root, StringComparison.Ordinal) ? "." + answer.Directory[root.Length..] : answer.Directory;
            text.Append(CultureInfo.InvariantCulture, $", in {SafeText.Line(inside, MaxLine)}");
        }

        if (!answer.Running.IsEmpty)
        {
            text.Append("\nrunning: ").AppendJoin("; ", answer.Running.Select(r => SafeText.Line(r, MaxLine)));
        }

        foreach (var note in answer.Notes)
        {
            text.Append("\nnote: ").Append(SafeText.Line(note, MaxLine));
        }

        var shown = SafeText.FromTerminal(answer.Output).TrimEnd();
        if (shown.Length > 0)
        {
            text.Append("\n--- terminal\n").Append(SafeText.ForModel(shown, outputBytes + 1024));
        }

        return text.ToString();
    }
}
