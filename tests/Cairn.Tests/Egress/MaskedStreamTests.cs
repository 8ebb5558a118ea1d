using System.Text;
using Cairn.Sandbox.Egress;

namespace Cairn.Tests.Egress;

public sealed class MaskedStreamTests
{
    private static readonly AddedSecret Secret = new("Authorization", "Bearer aabaabaac", "aabaabaac");

    [Theory]
    [InlineData("")]
    [InlineData("nothing of it")]
    [InlineData("aabaabaac")]
    [InlineData("xaabaabaacaabaabaacx")]
    [InlineData("aabaabaabaac and aabaabaa")]
    [InlineData("aaaaaaabaabaacaab")]
    public async Task However_the_bytes_come_the_secret_is_masked_and_nothing_else_changes(string text)
    {
        var expected = text.Replace(Secret.Secret, "*********", StringComparison.Ordinal);
        for (var piece = 1; piece <= text.Length + 1; piece++)
        {
            for (var room = 1; room <= 12; room += 5)
            {
                await using var masked = Secret.Masked(new Pieces(Encoding.UTF8.GetBytes(text), piece));
                Assert.Equal(expected, await ReadAsync(masked, room));
            }
        }
    }

    [Fact]
    public async Task Bytes_that_cannot_be_its_beginning_are_not_held_back()
    {
        // A stream of events stays open: what has arrived must come out before more comes.
        await using var masked = Secret.Masked(new Pieces("data: aab\n\ndata: aaba"u8.ToArray(), 11));
        var buffer = new byte[64];
        Assert.Equal("data: aab\n\n", Encoding.UTF8.GetString(buffer, 0, await masked.ReadAsync(buffer, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void A_short_secret_is_left_alone_because_it_would_blot_out_ordinary_text()
    {
        using var stream = new MemoryStream();
        var small = new AddedSecret("X-Key", "abc", "abc");
        Assert.Same(stream, small.Masked(stream));
        Assert.Equal("abc", small.Masked("abc"));
    }

    [Fact]
    public void It_does_not_show_itself() => Assert.DoesNotContain("aab", Secret.ToString(), StringComparison.Ordinal);

    private static async Task<string> ReadAsync(Stream stream, int room)
    {
        using var all = new MemoryStream();
        var buffer = new byte[room];
        for (int n; (n = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0;)
        {
            all.Write(buffer, 0, n);
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    private sealed class Pieces(byte[] bytes, int size) : ReadingStream(Null)
    {
        private int _at;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var n = Math.Min(Math.Min(size, buffer.Length), bytes.Length - _at);
            bytes.AsMemory(_at, n).CopyTo(buffer);
            _at += n;
            return ValueTask.FromResult(n);
        }
    }
}
