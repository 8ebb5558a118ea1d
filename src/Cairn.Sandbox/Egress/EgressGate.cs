using System.Net;
using System.Net.Sockets;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>
/// Decides each request, and makes the connection itself: the address that was checked is the one that is connected to, so a
/// name that resolves differently the second time gains nothing.
/// </summary>
internal sealed class EgressGate(EgressOptions options)
{
    private readonly NetworkRules _rules = new(options.Rules);

    public AccessLog Log { get; } = new();

    /// <summary>The rule that lets a request through.</summary>
    /// <exception cref="NetworkException">When none does, or the policy forbids it.</exception>
    public NetworkRule Admit(string host, int port, string method)
    {
        if (_rules.Find(host, port, method) is not { } rule)
        {
            throw Denied(_rules.Knows(host)
                ? $"{method} to {host}:{port} is not allowed: the rules for {host} open other ports or methods only"
                : $"{host}:{port} is not allowed: no rule opens it");
        }

        var need = new AccessRequest("net.connect", "Host", host) { Port = port, Method = method };
        return options.Permit(need) is { } why ? throw Denied(why) : rule;
    }

    /// <summary>The secret that a rule adds; null when it adds none.</summary>
    /// <exception cref="NetworkException">When the policy forbids its use, or it is not set.</exception>
    public AddedSecret? Credential(NetworkRule rule)
    {
        if (rule.Credential is not { } credential)
        {
            return null;
        }

        if (options.Permit(new AccessRequest("secret.use", "Secret", credential.Variable)) is { } why)
        {
            throw Denied(why);
        }

        var secret = options.Secret(credential.Variable);
        return string.IsNullOrEmpty(secret) || secret.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0
            ? throw new NetworkException(true, $"the secret {credential.Variable}, which {rule} asks for, is not set, or holds a line break")
            : new(credential.Header, credential.Prefix + secret, secret);
    }

    /// <summary>Connects to a host that was let in.</summary>
    /// <exception cref="NetworkException">When it has no permitted address, or cannot be reached.</exception>
    public async Task<Socket> DialAsync(NetworkRule rule, string host, int port, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(options.Patience);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            Exception? last = null;
            foreach (var address in await AddressesAsync(rule, host, both.Token))
            {
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(address, port, both.Token);
                    return socket;
                }
                catch (Exception e)
                {
                    socket.Dispose();
                    if (e is not SocketException)
                    {
                        throw;
                    }

                    last = e;
                }
            }

            throw new NetworkException(false, $"{host}:{port} cannot be reached: {last?.Message ?? "it has no address"}", last);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NetworkException(false, $"{host}:{port} cannot be reached: no answer within {options.Patience.TotalSeconds} s", e);
        }
    }

    /// <summary>A request was decided and is over.</summary>
    public void Note(string host, int port, string method, string verdict, long sent, long received) => Log.Add(host, port, method, verdict, sent, received);

    private async Task<IReadOnlyList<IPAddress>> AddressesAsync(NetworkRule rule, string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            // Only a rule that is this very address covers it.
            return [literal];
        }

        IPAddress[] found;
        try
        {
            found = await options.Resolve(host, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new NetworkException(false, $"{host} cannot be looked up: {e.Message}", e);
        }

        var permitted = found.Where(a => rule.Private || PublicAddresses.IsPublic(a)).ToList();
        return permitted.Count > 0 || found.Length == 0
            ? permitted
            : throw Denied($"{host} is not allowed: its address {found[0]} is private, and no rule says that it may be");
    }

    private static NetworkException Denied(string why) => new(true, why);
}
