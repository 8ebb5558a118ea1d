using Cairn.Memory.Keywords;

namespace Cairn.Tests.Memory.Keywords;

public sealed class KeywordIndexTests
{
    [Theory]
    [InlineData("getUserId", "get user id getuserid")]
    [InlineData("get_user_id", "get user id getuserid")]
    [InlineData("HTTPServer", "http server httpserver")]
    [InlineData("billing.Invoice.totalDue", "bill invoic total due totaldu")]
    [InlineData("utf8Decoder", "utf decoder utf8decoder")]
    public void A_name_is_cut_where_its_writer_joined_words(string name, string words)
    {
        var found = CodeWords.Of(name);
        Assert.All(words.Split(' ').Take(2), word => Assert.Contains(word, found));
    }

    [Fact]
    public void Names_in_any_spelling_find_each_other()
    {
        var index = Index(("a", "def resolve_user_id(token): pass"), ("b", "function resolveUserId(token) {}"), ("c", "def open_file(path): pass"));
        Assert.Equal(["a", "b"], index.Search("ResolveUserID", 10, null).Select(hit => hit.Key).Order());
    }

    [Fact]
    public void A_rare_word_counts_more_than_a_common_one_and_the_answer_says_which_words_were_found()
    {
        var index = Index(("a", "value invoice"), ("b", "value value value"), ("c", "value other"), ("d", "value else"));
        var hits = index.Search("value invoice", 10, null);
        Assert.Equal("a", hits[0].Key);
        Assert.Equal("invoic", hits[0].Words[0]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_index_that_grew_by_changes_answers_as_one_that_was_made_at_once(int seed)
    {
        var random = new Random(seed);
        var texts = new Dictionary<string, string>();
        var index = KeywordIndex.Empty;
        for (var round = 0; round < 200; round++)
        {
            var key = $"k{random.Next(60)}";
            if (random.Next(4) == 0)
            {
                texts.Remove(key);
                index = index.With([key], []);
            }
            else
            {
                texts[key] = string.Join(' ', Enumerable.Range(0, random.Next(1, 12)).Select(_ => $"w{random.Next(30)}"));
                index = index.With([], [new(key, [(texts[key], 1)])]);
            }
        }

        var fresh = Index([.. texts.Select(pair => (pair.Key, pair.Value))]);
        Assert.Equal(fresh.Count, index.Count);
        for (var word = 0; word < 30; word++)
        {
            Assert.Equal(fresh.Search($"w{word}", 100, null).Select(hit => hit.Key).Order(), index.Search($"w{word}", 100, null).Select(hit => hit.Key).Order());
        }
    }

    [Fact]
    public void A_version_does_not_see_what_came_later()
    {
        var first = Index(("a", "alpha"));
        var second = first.With(["a"], [new("b", [("alpha", 1)])]);
        Assert.Equal("a", Assert.Single(first.Search("alpha", 5, null)).Key);
        Assert.Equal("b", Assert.Single(second.Search("alpha", 5, null)).Key);
    }

    private static KeywordIndex Index(params (string Key, string Text)[] texts) =>
        KeywordIndex.Empty.With([], texts.Select(each => new KeywordText(each.Key, [(each.Text, 1)])));
}
