using System.Text;
using System.Text.Json.Nodes;
using Cairn.Tools.Lsp;

namespace Cairn.Tests.Tools.Lsp;

public sealed class LspFramesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_are_read_however_the_stream_cuts_them()
    {
        byte[] bytes = [.. LspFrames.Of(new JsonObject { ["a"] = "ä𝄞" }), .. Encoding.ASCII.GetBytes("content-type: x\r\nCONTENT-LENGTH:  2 \r\n\r\n{}"), .. Encoding.ASCII.GetBytes("Content-Length: 7\n\n{\"b\":1}")];
        for (var piece = 1; piece < 40; piece += 3)
        {
            var frames = new LspFrames(new Pieces(bytes, piece));
            Assert.Equal("ä𝄞", (await frames.ReadAsync(Cancel))!.Value.Message.RootElement.String("a"));
            Assert.Equal("{}", (await frames.ReadAsync(Cancel))!.Value.Message.RootElement.GetRawText());
            Assert.Equal(1, (await frames.ReadAsync(Cancel))!.Value.Message.RootElement.Int("b"));
            Assert.Null(await frames.ReadAsync(Cancel));
        }
    }

    [Theory]
    [InlineData("Starting server on port 80\n", "not messages")]
    [InlineData("Content-Length: x\r\n\r\n", "no number")]
    [InlineData("Content-Length: -5\r\n\r\n", "no number")]
    [InlineData("Content-Length: 99999999999\r\n\r\n", "at most 32 MiB")]
    [InlineData("Content-Length: 99999999999999999999\r\n\r\n", "no number")]
    [InlineData("X: y\r\n\r\n{}", "without its length")]
    [InlineData("Content-Length: 10\r\n\r\n{}", "in the middle")]
    [InlineData("Content-Length: 2\r\n", "in the middle")]
    [InlineData("Content-Length: 2\r\n\r\n]]", "not JSON")]
    public async Task What_is_no_message_is_refused_with_its_reason(string text, string reason)
    {
        var failure = await Assert.ThrowsAsync<LspFailure>(() => new LspFrames(new MemoryStream(Encoding.ASCII.GetBytes(text))).ReadAsync(Cancel));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_header_that_never_ends_and_json_that_is_too_deep_are_refused()
    {
        await Assert.ThrowsAsync<LspFailure>(() => new LspFrames(new MemoryStream(new byte[1 << 20])).ReadAsync(Cancel));
        var deep = FakeLanguageServer.Frame(new string('[', 5000) + new string(']', 5000));
        await Assert.ThrowsAsync<LspFailure>(() => new LspFrames(new MemoryStream(deep)).ReadAsync(Cancel));
    }

    [Fact]
    public async Task What_a_server_announces_is_not_reserved_before_it_comes()
    {
        // 32 MiB are announced and nothing follows: no 32 MiB are taken for it.
        var before = GC.GetAllocatedBytesForCurrentThread();
        await Assert.ThrowsAsync<LspFailure>(() => new LspFrames(new MemoryStream(Encoding.ASCII.GetBytes("Content-Length: 33554432\r\n\r\n"))).ReadAsync(Cancel));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    private sealed class Pieces(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }
}
