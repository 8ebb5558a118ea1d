using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>One door to the network. What no rule opens is closed.</summary>
/// <param name="Host">
/// A host's name, or `*.example.com` for all names below one. An address in a private, loopback or link-local range is reached
/// only when the rule names it as an address, or when <paramref name="Private"/> says so for the name.
/// </param>
/// <param name="Port">The port; null for 80 and 443.</param>
/// <param name="Methods">HTTP methods; CONNECT is a tunnel, in which only the two ends know what is asked. Empty for all.</param>
/// <param name="Private">The name may resolve to a private address.</param>
public sealed record NetworkRule(string Host, int? Port, ImmutableArray<string> Methods, bool Private = false)
{
    /// <summary>What is added to allowed requests; null for nothing.</summary>
    public NetworkCredential? Credential { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Port is { } port ? $"{Host}:{port}" : Host;
}

/// <summary>A secret that is added to requests outside of the sandbox, which never holds it.</summary>
/// <param name="Header">The header's name, such as Authorization.</param>
/// <param name="Prefix">What stands before the secret, such as "Bearer ".</param>
/// <param name="Variable">The variable of the user's environment that holds the secret; the secret itself is written nowhere.</param>
public sealed record NetworkCredential(string Header, string Prefix, string Variable);

/// <summary>What a run asked of the network; equal requests of one call are counted together.</summary>
/// <param name="Host">The name that was asked for.</param>
/// <param name="Port">The port.</param>
/// <param name="Method">The HTTP method; CONNECT for a tunnel.</param>
/// <param name="Verdict">"allowed", or why not.</param>
/// <param name="Count">How many there were.</param>
/// <param name="Sent">Bytes to the host.</param>
/// <param name="Received">Bytes from it.</param>
public sealed record NetworkAccess(string Host, int Port, string Method, string Verdict, int Count, long Sent, long Received)
{
    /// <summary>The verdict of what went through.</summary>
    public const string Allowed = "allowed";
}

/// <summary>The way of one run to the network: every request goes through its rules and is noted.</summary>
public interface INetwork
{
    /// <summary>Fetches a URL. Redirects are answers: whoever follows them asks again.</summary>
    /// <param name="url">http or https.</param>
    /// <param name="maxBytes">The most bytes of the body; more are cut off.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NetworkException">When it is not allowed or cannot be done; the text says why.</exception>
    Task<NetworkAnswer> GetAsync(Uri url, int maxBytes, CancellationToken cancellationToken);

    /// <summary>A line with a log of its own, for something that lives longer than a call; who opens it disposes it.</summary>
    INetworkLine OpenLine() => throw new NetworkException(true, "there is no way to the network here");
}

/// <summary>A way to the network whose requests are told apart from all others.</summary>
public interface INetworkLine : INetwork, IAsyncDisposable
{
    /// <summary>
    /// Sends requests of a client under the rules: each is decided and noted, secrets are added, redirects are answers. It lives as
    /// long as the line.
    /// </summary>
    HttpMessageHandler Handler { get; }

    /// <summary>What was asked since this was last called.</summary>
    ImmutableArray<NetworkAccess> TakeLog();
}

/// <summary>What a host answered.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="MediaType">Of the body; empty when the host does not say.</param>
/// <param name="Charset">Of the body; null when the host does not say.</param>
/// <param name="Body">The body, cut to the limit.</param>
/// <param name="IsCut">There was more.</param>
/// <param name="Location">Where a redirect leads; null for other answers.</param>
public sealed record NetworkAnswer(int Status, string MediaType, string? Charset, ReadOnlyMemory<byte> Body, bool IsCut, Uri? Location);

/// <summary>A request that did not go through.</summary>
/// <param name="denied">The rules or the policy forbid it.</param>
/// <param name="message">Why, and the mend.</param>
/// <param name="inner">The cause.</param>
public sealed class NetworkException(bool denied, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The rules or the policy forbid it.</summary>
    public bool IsDenied { get; } = denied;
}
