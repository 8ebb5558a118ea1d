using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>The addresses of items, as agents and people write them.</summary>
public static class ContextAddress
{
    /// <summary>
    /// An answer of a tool: result:STEP.CALL. A call's id holds more, which differs between a run that crashed and one that did
    /// not; prompts must not.
    /// </summary>
    public static string Result(CallId call)
    {
        var id = call.Value.AsSpan();
        var dot = id.IndexOf('.');
        var end = dot < 0 ? -1 : id[(dot + 1)..].IndexOf('.');
        return end < 0 ? $"result:{call}" : $"result:{id[..(dot + 1 + end)]}";
    }

    /// <summary>What the model said in a step.</summary>
    public static string Turn(int step) => string.Create(CultureInfo.InvariantCulture, $"turn:{step}");

    /// <summary>A file, at any version.</summary>
    public static string File(string path) => $"file:{path}";

    /// <summary>The part behind run and tier: ctx://r1/l2/file:a.cs@HASH and file:a.cs are the same to an agent.</summary>
    public static string Local(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        const string scheme = "ctx://";
        if (!address.StartsWith(scheme, StringComparison.Ordinal))
        {
            return WithoutVersion(address);
        }

        var tier = address.IndexOf('/', scheme.Length);
        var item = tier < 0 ? -1 : address.IndexOf('/', tier + 1);
        return item < 0 ? address : WithoutVersion(address[(item + 1)..]);
    }

    // A path may hold an @ itself: only 12 or 64 hexadecimal digits behind the last one are a version.
    private static string WithoutVersion(string local)
    {
        var at = local.LastIndexOf('@');
        var digits = local.Length - at - 1;
        return at > 0 && local.StartsWith("file:", StringComparison.Ordinal) && digits is 12 or 64 && IsHex(local.AsSpan(at + 1)) ? local[..at] : local;
    }

    private static bool IsHex(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigit(c))
            {
                return false;
            }
        }

        return true;
    }
}
