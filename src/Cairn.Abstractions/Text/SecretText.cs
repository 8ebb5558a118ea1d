using System.Text.RegularExpressions;

namespace Cairn.Abstractions;

/// <summary>
/// Masks what looks like a secret in text that is written down for people. It knows the usual names and forms and no more:
/// what must stay secret must not be there in the first place.
/// </summary>
public static partial class SecretText
{
    /// <summary>What stands in place of a secret.</summary>
    public const string Mask = "***";

    /// <summary>The arguments of a command as one line, cut to a number of characters, with secrets masked.</summary>
    public static string CommandLine(IEnumerable<string> arguments, int maxChars)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var parts = new List<string>();
        var hidden = false;
        foreach (var argument in arguments)
        {
            parts.Add(hidden && !argument.StartsWith('-') ? Mask : Quoted(Of(argument)));
            hidden = SecretOption().IsMatch(argument);
        }

        return SafeText.Line(string.Join(' ', parts), maxChars);
    }

    /// <summary>The text with what looks like a secret masked.</summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = InAddress().Replace(text, "${before}" + Mask + "@");
        text = Authorization().Replace(text, "${kind} " + Mask);
        text = Named().Replace(text, "${name}" + Mask);
        return WellKnown().Replace(text, Mask);
    }

    private static string Quoted(string argument) =>
        argument.Length > 0 && !argument.AsSpan().ContainsAny(NeedQuotes) ? argument : "'" + argument.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static readonly System.Buffers.SearchValues<char> NeedQuotes = System.Buffers.SearchValues.Create(" \t\n'\"\\$`;&|<>()*?");

    private const string Names = "(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|auth(?:orization)?)";

    // --token VALUE, -password VALUE
    [GeneratedRegex($"^--?[a-z0-9_-]*{Names}[a-z0-9_-]*$", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SecretOption();

    // TOKEN=value, --password=value, "apiKey": "value"
    [GeneratedRegex($"(?<name>[a-z0-9_-]*{Names}[a-z0-9_-]*\"?\\s*[=:]\\s*)(?:\"[^\"]*\"|'[^']*'|[^\\s&;,'\"]+)", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Named();

    [GeneratedRegex("\\b(?<kind>Bearer|Basic)\\s+[A-Za-z0-9+/=._~-]{6,}", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Authorization();

    // https://user:password@host
    [GeneratedRegex("(?<before>[a-z][a-z0-9+.-]*://[^\\s/@:]*:)[^\\s/@]+@", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InAddress();

    [GeneratedRegex("\\b(?:sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}|eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WellKnown();
}
