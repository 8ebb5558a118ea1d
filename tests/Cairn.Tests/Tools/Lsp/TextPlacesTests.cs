using System.Text;
using Cairn.Tools.Lsp;
using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Tools.Lsp;

public sealed class TextPlacesTests
{
    private const string Text = "a = 'ä𝄞';\r\nb = a\rc\n\nlast 𝄞𝄞x";

    [Fact]
    public void A_column_is_counted_in_the_unit_that_was_agreed()
    {
        var at = Text.IndexOf("';", StringComparison.Ordinal);
        Assert.Equal(new LspPosition(0, 8), new TextPlaces(Text, PositionUnit.Utf16).Position(at));
        Assert.Equal(new LspPosition(0, 11), new TextPlaces(Text, PositionUnit.Utf8).Position(at));
        Assert.Equal(new LspPosition(0, 7), new TextPlaces(Text, PositionUnit.Utf32).Position(at));
    }

    [Fact]
    public void People_count_lines_at_line_feeds_the_protocol_at_carriage_returns_too()
    {
        var places = new TextPlaces(Text, PositionUnit.Utf16);
        var c = Text.IndexOf("c\n", StringComparison.Ordinal);
        Assert.Equal(new LspPosition(2, 0), places.Position(c));
        Assert.Equal((2, 7), (places.Line(c), places.Column(c)));
        Assert.Equal(4, places.LineCount);
        Assert.Equal("a = 'ä𝄞';", places.LineText(1));
        Assert.Equal("", places.LineText(3));
        Assert.Equal("last 𝄞𝄞x", places.LineText(4));
    }

    [Fact]
    public void A_place_behind_a_lines_end_is_its_end_and_none_is_half_of_a_character()
    {
        var places = new TextPlaces(Text, PositionUnit.Utf16);
        Assert.Equal(Text.IndexOf('\r', StringComparison.Ordinal), places.Offset(new(0, int.MaxValue)));
        Assert.Equal(Text.Length, places.Offset(new(int.MaxValue, 3)));
        Assert.Equal(0, places.Offset(new(-1, -1)));
        Assert.False(char.IsLowSurrogate(Text[places.Offset(new(0, 7))]));
        Assert.False(char.IsLowSurrogate(Text[new TextPlaces(Text, PositionUnit.Utf8).Offset(new(0, 9))]));
    }

    [Fact]
    public void Every_place_of_every_text_comes_back_in_every_unit()
    {
        var runes = Gen.Elements("a", "ä", "𝄞", "\n", "\r\n", "\r", "\u2028", "z").ListOf().Select(string.Concat);
        Prop.ForAll(runes.ToArbitrary(), Gen.Elements(Enum.GetValues<PositionUnit>()).ToArbitrary(), (text, unit) =>
        {
            var places = new TextPlaces(text, unit);
            for (var at = 0; at <= text.Length; at++)
            {
                // Within a pair of surrogates or of CR and LF there is no place.
                if ((at == text.Length || !char.IsLowSurrogate(text[at])) && !(at > 0 && at < text.Length && text[at - 1] == '\r' && text[at] == '\n') && places.Offset(places.Position(at)) != at)
                {
                    return false;
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("a b/ä#1.py")]
    [InlineData("100%25/x+y.py")]
    [InlineData("𝄞.ts")]
    public void A_path_survives_its_address(string path)
    {
        var uri = LspUri.Of("/my repo", path);
        Assert.StartsWith("file:///my%20repo/", uri, StringComparison.Ordinal);
        Assert.Equal(path, LspUri.Path("/my repo", uri));
        Assert.Equal(uri, Encoding.ASCII.GetString(Encoding.ASCII.GetBytes(uri)));
    }

    [Theory]
    [InlineData("file:///repo/../etc/passwd")]
    [InlineData("file:///repo/%2e%2e/etc/passwd")]
    [InlineData("file://host/repo/x")]
    [InlineData("http:///repo/x")]
    [InlineData("file:///repo/%00")]
    [InlineData("file:///repo/%ff")]
    public void What_leads_elsewhere_is_no_path(string uri) => Assert.Null(LspUri.Path("/repo", uri));

    [Fact]
    public void What_lies_outside_is_told_from_what_lies_inside()
    {
        Assert.Equal("/usr/lib/x.py", LspUri.Path("/repo", "file:///usr/lib/x.py"));
        Assert.Equal("/repository/x.py", LspUri.Path("/repo", "file:///repository/x.py"));
        Assert.False(LspUri.IsInside("/usr/lib/x.py"));
        Assert.True(LspUri.IsInside("a/x.py"));
    }
}
