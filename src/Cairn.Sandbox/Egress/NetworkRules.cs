using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>The rules of a run's network: which door, if any, stands open for a request.</summary>
public sealed class NetworkRules(ImmutableArray<NetworkRule> rules)
{
    private const int MaxHostName = 253;
    private static readonly int[] UsualPorts = [80, 443];

    /// <summary>There are none: nothing is open.</summary>
    public bool IsEmpty => rules.IsDefaultOrEmpty;

    /// <summary>The rule that opens the way to a host, or null.</summary>
    /// <param name="host">In the form of <see cref="HostName"/>.</param>
    /// <param name="port">The port.</param>
    /// <param name="method">The HTTP method, CONNECT for a tunnel.</param>
    public NetworkRule? Find(string host, int port, string method) => rules.IsDefault ? null : rules.FirstOrDefault(rule =>
        Covers(rule.Host, host)
        && (rule.Port is { } only ? only == port : UsualPorts.Contains(port))
        && (rule.Methods.IsDefaultOrEmpty || rule.Methods.Contains(method)));

    /// <summary>Whether any method is open to a host: what to tell somebody whose method is not.</summary>
    internal bool Knows(string host) => !rules.IsDefault && rules.Any(rule => Covers(rule.Host, host));

    /// <summary>The one form of a host's name: lower case, ASCII, no final dot, addresses in their shortest form. Null for what is none.</summary>
    public static string? HostName(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bare = text.StartsWith('[') && text.EndsWith(']') ? text[1..^1] : text;

        // Also 2130706433, 0x7f.1 and ::ffff:127.0.0.1, which all are 127.0.0.1.
        if (IPAddress.TryParse(bare, out var address))
        {
            return address.ScopeId() is null ? PublicAddresses.Canonical(address).ToString() : null;
        }

        try
        {
            var name = new IdnMapping { UseStd3AsciiRules = false }.GetAscii(bare.TrimEnd('.').ToLowerInvariant());
            return name.Length is > 0 and <= MaxHostName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') && !name.Contains("..", StringComparison.Ordinal) ? name : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Reads HOST[:PORT], as `--allow-net` takes it.</summary>
    /// <exception cref="FormatException">When it is none; the text says what is meant.</exception>
    public static NetworkRule Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (host, port) = Split(text);
        return Check(new NetworkRule(host, port, []));
    }

    /// <summary>The rule in its checked form.</summary>
    /// <exception cref="FormatException">When it names no host, or a port or method that there is not.</exception>
    public static NetworkRule Check(NetworkRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var wild = rule.Host.StartsWith("*.", StringComparison.Ordinal);
        var name = HostName(wild ? rule.Host[2..] : rule.Host);
        if (name is null || (wild && (!name.Contains('.', StringComparison.Ordinal) || IPAddress.TryParse(name, out _))))
        {
            throw new FormatException($"'{SafeText.Line(rule.Host, 80)}' is no host: name one (api.example.com), all below one (*.example.com), or an address; then perhaps :PORT.");
        }

        if (rule.Port is < 1 or > 65535)
        {
            throw new FormatException($"'{rule.Port}' is no port.");
        }

        var methods = rule.Methods.IsDefault ? [] : rule.Methods.Select(m => m.ToUpperInvariant()).ToImmutableArray();
        if (methods.Any(m => m.Length == 0 || !m.All(char.IsAsciiLetterUpper)))
        {
            throw new FormatException("Methods are GET, HEAD, POST, … and CONNECT for tunnels (https).");
        }

        return rule with { Host = (wild ? "*." : "") + name, Methods = methods, Private = rule.Private || name == "localhost" || name.EndsWith(".localhost", StringComparison.Ordinal) };
    }

    private static (string Host, int? Port) Split(string text)
    {
        var colon = text.LastIndexOf(':');
        var isBareV6 = text.Count(c => c == ':') > 1 && !text.StartsWith('[');
        if (colon < 0 || isBareV6 || text.EndsWith(']'))
        {
            return (text, null);
        }

        return int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? (text[..colon], port)
            : throw new FormatException($"'{SafeText.Line(text, 80)}': what stands after the colon is no port.");
    }

    private static bool Covers(string rule, string host) => rule.StartsWith("*.", StringComparison.Ordinal)
        ? host.Length > rule.Length - 1 && host.EndsWith(rule[1..], StringComparison.Ordinal)
        : host == rule;
}

/// <summary>An address's zone, which no rule can name.</summary>
file static class AddressZone
{
    public static long? ScopeId(this IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? address.ScopeId : null;
}
