using System.Text;
using Cairn.Sandbox.Layers;
using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Sandbox;

public sealed class TextMergeTests
{
    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string? Merge(string origin, string ours, string theirs) =>
        TextMerge.TryMerge(Bytes(origin), Bytes(ours), Bytes(theirs)) is { } merged ? Encoding.UTF8.GetString(merged) : null;

    private static string Text(byte[] letters) => string.Concat(letters.Select((l, i) => $"{(char)('a' + (l % 4))}{(i % 3 == 0 ? "\r\n" : "\n")}"));

    [Theory]
    [InlineData("1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n", "one\n2\n3\n4\nfive\n")]
    [InlineData("1\n2\n3\n", "1\n2\n3\n4", "0\n1\n2\n3\n", "0\n1\n2\n3\n4")]
    [InlineData("1\n2\n3\n4\n5\n", "1\n4\n5\n", "1\n2\n3\n4\n", "1\n4\n")]
    [InlineData("1\n2\n3\n", "1\nx\n3\n", "1\nx\n3\n", "1\nx\n3\n")]
    [InlineData("1\n2\n3\n", "1\nx\n3\n", "1\ny\n3\n", null)]
    [InlineData("1\n2\n3\n", "x\n2\n3\n", "1\ny\n3\n", null)]
    [InlineData("1\n2\n", "1\na\n2\n", "1\nb\n2\n", null)]
    [InlineData("1\n2", "1\n2\n", "0\n1\n2", "0\n1\n2\n")]
    [InlineData("a\0b", "a\0b\n", "a\0c", null)]
    public void Merges_or_refuses(string origin, string ours, string theirs, string? expected) =>
        Assert.Equal(expected, Merge(origin, ours, theirs));

    [Fact]
    public void One_side_alone_wins_whole_and_sides_may_be_swapped() =>
        Check.QuickThrowOnFailure(Prop.ForAll<byte[], byte[], byte[]>((a, b, c) =>
        {
            var (origin, ours, theirs) = (Text(a), Text(b), Text(c));
            return Merge(origin, ours, origin) == ours
                && Merge(origin, origin, theirs) == theirs
                && Merge(origin, ours, ours) == ours
                && Merge(origin, ours, theirs) == Merge(origin, theirs, ours);
        }));
}
