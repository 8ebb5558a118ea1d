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

    [Fact]
    public void Hunks_turn_the_old_text_into_the_new_one_and_are_apart() =>
        Check.QuickThrowOnFailure(Prop.ForAll<byte[], byte[]>((a, b) =>
        {
            var (old, fresh) = (a.Select(x => $"{x % 5}\n").ToArray(), b.Select(x => $"{x % 5}\n").ToArray());
            var made = new List<string>();
            var at = 0;
            var last = (End: -1, NewEnd: -1);
            foreach (var hunk in LineDiff.Hunks(old, fresh))
            {
                Assert.True(hunk.Start > last.End && hunk.NewStart > last.NewEnd, "two hunks touch");
                made.AddRange(old[at..hunk.Start]);
                Assert.Equal(hunk.NewStart, made.Count);
                made.AddRange(fresh[hunk.NewStart..hunk.NewEnd]);
                (at, last) = (hunk.End, (hunk.End, hunk.NewEnd));
            }

            made.AddRange(old[at..]);
            return made.SequenceEqual(fresh);
        }));

    [Fact]
    public void Taking_one_side_of_every_clash_gives_that_side_where_they_clash_and_both_where_they_do_not() =>
        Check.QuickThrowOnFailure(Prop.ForAll<byte[], byte[], byte[]>((a, b, c) =>
        {
            var (origin, ours, theirs) = (Text(a), Text(b), Text(c));
            var parts = TextMerge.Parts(Bytes(origin), Bytes(ours), Bytes(theirs))!;
            Assert.All(parts.Where(p => p.Settled is null), p => Assert.NotEqual(p.Ours, p.Theirs));
            Assert.Equal(Merge(origin, ours, theirs) is null, parts.Any(p => p.Settled is null));
            var marked = TextMerge.Marked(parts);
            Assert.Equal(parts.Count(p => p.Settled is null), marked.Hunks.Length);
            Assert.All(marked.Hunks, h => Assert.StartsWith("<<<<<<< repository", marked.Marked.Split('\n')[h.Line - 1], StringComparison.Ordinal));
            var both = TextMerge.Parts(null, Bytes(ours), Bytes(theirs))!;
            return string.Concat(both.Select(p => p.Settled ?? p.Ours)) == ours && string.Concat(both.Select(p => p.Settled ?? p.Theirs)) == theirs;
        }));

    [Fact]
    public void Markers_are_longer_than_any_in_the_text()
    {
        var parts = TextMerge.Parts(Bytes("a\n<<<<<<< x\nb\n"), Bytes("a\n<<<<<<< x\nc\n"), Bytes("a\n<<<<<<< x\nd"))!;
        Assert.Equal("a\n<<<<<<< x\n<<<<<<<< repository\nc\n|||||||| base\nb\n========\nd\n>>>>>>>> run\n", TextMerge.Marked(parts).Marked);
        Assert.Equal("a\n<<<<<<< x\nc\nd", Encoding.UTF8.GetString(TextMerge.Union(parts)));
    }
}
