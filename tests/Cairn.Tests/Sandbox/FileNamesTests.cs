using Cairn.Sandbox.Layers;
using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Sandbox;

public sealed class FileNamesTests
{
    [Fact]
    public void Any_bytes_survive_the_way_to_text_through_JSON_and_back() =>
        Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(bytes =>
        {
            var text = FileNames.Decode(bytes);
            var again = System.Text.Json.JsonSerializer.Deserialize<string>(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(text))!;
            return FileNames.Encode(again).AsSpan()[..^1].SequenceEqual(bytes);
        }));

    [Theory]
    [InlineData(new byte[] { 0xF4, 0x8F, 0xBA, 0x80 })] // the escape character itself, as a real name
    [InlineData(new byte[] { 0xC3 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x8F, 0xBA })]
    public void Escapes_and_broken_sequences_are_one_to_one(byte[] bytes) =>
        Assert.Equal(bytes, FileNames.Encode(FileNames.Decode(bytes))[..^1]);

    [Fact]
    public void Valid_text_is_itself()
    {
        Assert.Equal("ünï 語 🙂", FileNames.Decode("ünï 語 🙂"u8));
        Assert.False(FileNames.IsPath("a\0b"));
        Assert.False(FileNames.IsPath("\uD800x"));
        Assert.True(FileNames.IsPath("🙂"));
    }
}
