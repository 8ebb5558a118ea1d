using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;

namespace RenameSymbol;

/// <summary>
/// The agent's task: a line "rename Some.Namespace.Type.Member to NewName", and after it any number of lines
/// "build: COMMAND" and "test: COMMAND", which must exit with 0 in this order.
/// </summary>
/// <param name="Symbol">Full name, or as much of its end as is unique: Type or Type.Member.</param>
/// <param name="NewName">The new simple name.</param>
/// <param name="Checks">The commands.</param>
public sealed partial record RenameTask(string Symbol, string NewName, ImmutableArray<string> Checks)
{
    /// <summary>Reads a task; null with a text that says how one looks when it is none.</summary>
    public static (RenameTask? Task, string Problem) Parse(string text)
    {
        if (FirstLine().Match(text) is not { Success: true } match)
        {
            return (null, "The task must begin with a line such as: rename My.Namespace.Type to NewName");
        }

        var (symbol, newName) = (match.Groups[1].Value, match.Groups[2].Value);
        return SyntaxFacts.IsValidIdentifier(newName)
            ? (new RenameTask(symbol, newName, [.. Check().Matches(text).Select(m => m.Groups[1].Value.Trim())]), "")
            : (null, $"'{newName}' is no C# identifier.");
    }

    [GeneratedRegex(@"^\s*rename\s+(\S+)\s+to\s+(\S+)\s*$", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex FirstLine();

    [GeneratedRegex(@"^\s*(?:build|test):[ \t]*(\S.*)$", RegexOptions.Multiline)]
    private static partial Regex Check();
}
