using System.Collections.Immutable;
using System.Text.Json;

namespace Cairn.Tools.Lsp;

/// <summary>One finding of a server.</summary>
/// <param name="Range">Where.</param>
/// <param name="Severity">1 error to 4 hint.</param>
/// <param name="Code">The server's name for it, or "".</param>
/// <param name="Message">What it says.</param>
/// <param name="Raw">The finding as the server sent it, to be sent back with questions about it.</param>
internal sealed record LspDiagnostic(LspRange Range, int Severity, string Code, string Message, JsonElement Raw)
{
    private const int MaxMessage = 1000;
    private const int MaxCode = 100;

    public static string NameOf(int severity) => severity switch { 1 => "error", 2 => "warning", 3 => "information", _ => "hint" };

    public static ImmutableArray<LspDiagnostic> Read(JsonElement list) =>
        [.. list.Items().Take(LspLimits.FileDiagnostics).Select(One).OfType<LspDiagnostic>()];

    private static LspDiagnostic? One(JsonElement item) =>
        LspJson.Range(item.Get("range")) is not { } range ? null : new(
            range,
            item.Int("severity") is { } severity and >= 1 and <= 4 ? severity : 1,
            Abstractions.SafeText.Line(item.String("code") ?? item.Int("code")?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "", MaxCode),
            Abstractions.SafeText.Line((item.String("message") ?? "").Trim(), MaxMessage),
            item.Clone());
}
