using System.Net;
using System.Net.Sockets;

namespace Cairn.Sandbox.Egress;

/// <summary>Tells addresses of the public internet from all others: private, loopback, link-local, multicast, reserved.</summary>
internal static class PublicAddresses
{
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            // Within the public range of IPv6: documentation, and the tunnels that carry IPv4 addresses.
            "2001:db8::/32", "2001::/32", "2002::/16", "3fff::/20",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork PublicV6 = IPNetwork.Parse("2000::/3");

    /// <summary>The form in which an address is compared: an IPv4 address within an IPv6 one is that IPv4 address.</summary>
    public static IPAddress Canonical(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    public static bool IsPublic(IPAddress address)
    {
        var plain = Canonical(address);
        return (plain.AddressFamily == AddressFamily.InterNetwork || PublicV6.Contains(plain)) && !NotPublic.Any(n => n.Contains(plain));
    }
}
