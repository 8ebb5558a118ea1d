namespace Cairn.Tests.Egress;

public sealed class SecretTextTests
{
    [Theory]
    [InlineData("curl -H 'Authorization: Bearer abcdef123456'")]
    [InlineData("x --password=abcdef123456")]
    [InlineData("API_KEY=abcdef123456 make")]
    [InlineData("git clone https://me:abcdef123456@example.com/x")]
    [InlineData("{\"apiKey\": \"abcdef123456\"}")]
    [InlineData("sk-abcdef123456abcdef123456")]
    public void What_looks_like_a_secret_is_masked(string text)
    {
        Assert.DoesNotContain("abcdef123456", SecretText.Of(text), StringComparison.Ordinal);
        Assert.Contains(SecretText.Mask, SecretText.Of(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("git log --oneline src/tokenizer.py")]
    [InlineData("make -j4 test")]
    [InlineData("https://example.com/a?b=c")]
    public void Other_text_stays_as_it_is(string text) => Assert.Equal(text, SecretText.Of(text));

    [Fact]
    public void A_command_line_is_cut_quoted_and_its_secret_options_have_no_values() =>
        Assert.Equal("x --token *** 'a b' -v", SecretText.CommandLine(["x", "--token", "abc", "a b", "-v"], 100));
}
