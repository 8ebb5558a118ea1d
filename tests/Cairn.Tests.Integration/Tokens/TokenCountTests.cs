using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Models;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Tokens;

/// <summary>Our counts are judged by the encodings' own library.</summary>
public sealed class TokenCountTests
{
    private const string LockFile = "tiktoken-1.0.22.package-lock.json";

    [Fact]
    public async Task Every_text_has_as_many_tokens_as_the_encodings_own_library_counts()
    {
        var modules = await PackageCache.OfUser.NodeModulesAsync(LockFile, TestContext.Current.CancellationToken);
        var ranks = new TokenRanks(Path.Combine(modules, "tiktoken", "encoders"));
        var (newer, older) = (ranks.Encoding("o200k_base")!, ranks.Encoding("cl100k_base")!);
        var texts = Texts().ToList();
        var counts = await CountAsync(modules, texts);
        var wrong = new List<string>();
        for (var i = 0; i < texts.Count; i++)
        {
            var ours = $"{newer.Count(texts[i])} {older.Count(texts[i])}";
            if (ours != counts[i])
            {
                wrong.Add($"{counts[i]}, ours {ours}: {JsonSerializer.Serialize(texts[i][..Math.Min(200, texts[i].Length)])}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {texts.Count} differ:\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public async Task A_piece_without_an_end_is_counted_in_time()
    {
        var modules = await PackageCache.OfUser.NodeModulesAsync(LockFile, TestContext.Current.CancellationToken);
        var counter = new TokenRanks(Path.Combine(modules, "tiktoken", "encoders")).Encoding("o200k_base")!;
        foreach (var text in new[] { new string('a', 200_000), new string('中', 60_000), new string(' ', 200_000), string.Concat(Enumerable.Repeat("aB", 100_000)) })
        {
            Assert.InRange(counter.Count(text), 1, text.Length);
        }
    }

    private static async Task<string[]> CountAsync(string modules, List<string> texts)
    {
        var directory = Directory.CreateTempSubdirectory("cairn-tokens-").FullName;
        try
        {
            var script = Path.Combine(directory, "count.mjs");
            await using (var source = typeof(TokenCountTests).Assembly.GetManifestResourceStream("count.mjs")!)
            await using (var target = File.Create(script))
            {
                await source.CopyToAsync(target);
            }

            var (input, output) = (Path.Combine(directory, "texts"), Path.Combine(directory, "counts"));
            await File.WriteAllLinesAsync(input, texts.Select(t => JsonSerializer.Serialize(t)));
            (await HostProcess.RunAsync(directory, new Dictionary<string, string>(), TestContext.Current.CancellationToken, "node", script, modules, input, output)).OrThrow("the token counter");
            return await File.ReadAllLinesAsync(output);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Cairn.slnx")))
        {
            directory = directory.Parent!;
        }

        return directory.FullName;
    }

    /// <summary>Our own sources, and texts of all kinds of characters that chance puts together.</summary>
    private static IEnumerable<string> Texts()
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.*", SearchOption.AllDirectories)
            .Where(p => p.EndsWith(".cs", StringComparison.Ordinal) || p.EndsWith(".json", StringComparison.Ordinal) || p.EndsWith(".md", StringComparison.Ordinal))
            .Where(p => !p.Contains("/obj/", StringComparison.Ordinal) && !p.Contains("/bin/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Take(300))
        {
            yield return File.ReadAllText(path);
        }

        var random = new Random(5);
        string[] parts =
        [
            "the ", "The", "THE", "don't", "WE'LL", "I'M", "x'S", " 12345", "007", "\n", "\r\n", "\n\n\n", "  ", "   x", "\t\t", "é", "ñandú", "中文字", "日本語", "한국어",
            "Привет", "ΑΒΓ", "𝐀𝐛", "𝟘𝟙", "🙂", "👩‍👩‍👧", "🇩🇪", "\u0301", "\u00a0", "\u2028", "\u3000", "//", "/*", "->", "<|endoftext|>", "==", "}", "0xFF", "ʰ", "ǅ", "½", "٣", "आप", "ไทย",
        ];
        for (var i = 0; i < 3000; i++)
        {
            var text = new StringBuilder();
            for (var n = random.Next(1, 40); n > 0; n--)
            {
                text.Append(random.Next(5) == 0 ? ((char)random.Next(32, 0x17f)).ToString(CultureInfo.InvariantCulture) : parts[random.Next(parts.Length)]);
            }

            yield return text.ToString();
        }
    }
}
