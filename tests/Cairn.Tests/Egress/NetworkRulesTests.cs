using System.Net;
using System.Text;
using Cairn.Sandbox.Egress;

namespace Cairn.Tests.Egress;

public sealed class NetworkRulesTests
{
    [Theory]
    [InlineData("Example.COM.", "example.com")]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    [InlineData("2130706433", "127.0.0.1")]
    [InlineData("0x7f.1", "127.0.0.1")]
    [InlineData("[::ffff:127.0.0.1]", "127.0.0.1")]
    [InlineData("[::1]", "::1")]
    [InlineData("a..b", null)]
    [InlineData("a/b", null)]
    [InlineData("a b", null)]
    [InlineData("", null)]
    [InlineData("a@b", null)]
    public void A_host_has_one_name_however_it_is_written(string text, string? name) => Assert.Equal(name, NetworkRules.HostName(text));

    [Fact]
    public void Only_the_named_host_port_and_method_are_open()
    {
        var rules = new NetworkRules([NetworkRules.Parse("api.example.com"), NetworkRules.Parse("*.example.org:8443"), NetworkRules.Check(new("read.example", 80, ["get"]))]);
        Assert.NotNull(rules.Find("api.example.com", 443, "CONNECT"));
        Assert.NotNull(rules.Find("api.example.com", 80, "POST"));
        Assert.Null(rules.Find("api.example.com", 22, "CONNECT"));
        Assert.Null(rules.Find("evil-api.example.com", 443, "CONNECT"));
        Assert.NotNull(rules.Find("a.b.example.org", 8443, "GET"));
        Assert.Null(rules.Find("example.org", 8443, "GET"));
        Assert.Null(rules.Find("evilexample.org", 8443, "GET"));
        Assert.NotNull(rules.Find("read.example", 80, "GET"));
        Assert.Null(rules.Find("read.example", 80, "POST"));
        Assert.Null(rules.Find("read.example", 80, "CONNECT"));
    }

    [Theory]
    [InlineData("*.com")]
    [InlineData("*.10.0.0.1")]
    [InlineData("*")]
    [InlineData("a b")]
    [InlineData("a:b")]
    [InlineData("a:70000")]
    [InlineData("http://a")]
    public void What_names_no_host_is_refused(string text) => Assert.Throws<FormatException>(() => NetworkRules.Parse(text));

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("2002:a00:1::", false)]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    public void Private_addresses_are_told_from_public_ones(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddresses.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("GET http://a/ HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\nContent-Length : 5\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\n folded: x\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\nA: b\nC: d\r\n\r\n")]
    [InlineData("GET  http://a/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/2.0\r\n\r\n")]
    public void A_request_that_can_be_read_in_two_ways_is_refused(string head) =>
        Assert.Throws<FormatException>(() => RequestHead.Parse(Encoding.Latin1.GetBytes(head)));

    [Fact]
    public void The_host_gets_the_decided_name_and_nothing_that_was_meant_for_the_proxy()
    {
        var head = RequestHead.Parse("POST http://a.example/x?y HTTP/1.1\r\nHost: other.example\r\nAuthorization: mine\r\nConnection: X-Hop, Content-Length\r\nAccept-Encoding: gzip\r\nX-Hop: 1\r\nProxy-Authorization: p\r\nContent-Length: 3\r\nX: 1\r\n\r\n"u8);
        var sent = Encoding.Latin1.GetString(head.ForHost(new Uri("http://a.example/x?y"), new AddedSecret("Authorization", "Bearer secret", "secret")));
        Assert.Equal("POST /x?y HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nX: 1\r\nAccept-Encoding: identity\r\nAuthorization: Bearer secret\r\nConnection: close\r\n\r\n", sent);
    }
}
