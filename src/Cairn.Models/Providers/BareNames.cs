using System.Text.RegularExpressions;

namespace Cairn.Models;

/// <summary>Which provider a name without a prefix means.</summary>
internal static partial class BareNames
{
    /// <summary>The provider whose family the name belongs to; null when only a server can tell.</summary>
    public static KnownProvider? Provider(string name) =>
        name.StartsWith("claude-", StringComparison.Ordinal) ? KnownProvider.Find(KnownProvider.Anthropic)
        // gpt-oss has open weights: local servers run it, OpenAI does not.
        : OpenAiFamily().IsMatch(name) && !name.StartsWith("gpt-oss", StringComparison.Ordinal) ? KnownProvider.Find("openai")
        : null;

    /// <summary>Ollama lists "llama3:latest" for what people call "llama3".</summary>
    public static bool Same(string listed, string asked) => listed == asked || listed == asked + ":latest";

    [GeneratedRegex(@"^(gpt-|chatgpt-|codex-|o\d+(-|$))")]
    private static partial Regex OpenAiFamily();
}
