using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Memory.Indexing;

namespace Cairn.Host;

/// <summary>Definitions by Universal Ctags, which runs in the sandbox over a read-only view of the workspace.</summary>
internal sealed class CtagsOutliner(IWorkspace workspace) : IOutliner
{
    private const int NoProgram = 127;

    // Options of a repository are the repository's: they can name programs to run, so none are read.
    private static readonly string[] Command =
        ["ctags", "--options=NONE", "--quiet=yes", "--output-format=json", "--fields=+neSsz", "--sort=no", "--languages=Python,TypeScript,JavaScript,Go,C,C++,Java,Rust,Ruby,PHP", "--map-TypeScript=+.tsx", "--map-TypeScript=+.mts", "--map-JavaScript=+.mjs.cjs.jsx", "-f", "-", "-L", "-"];

    private static readonly SandboxLimits Limits = new() { Wall = TimeSpan.FromMinutes(2), OutputBytes = 96 << 20 };

    public async Task<IReadOnlyList<OutlineTag>> OutlineAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        // A line feed in a name would be two names.
        var input = string.Join('\n', paths.Where(path => !path.Contains('\n', StringComparison.Ordinal)).Select(path => "./" + path));
        var result = await workspace.RunAsync(new SandboxCommand([.. Command]) { ReadOnly = true, Input = Encoding.UTF8.GetBytes(input + "\n"), Limits = Limits }, cancellationToken);
        return result switch
        {
            { ExitCode: NoProgram } => throw new InvalidDataException("Universal Ctags is not installed, so Python, TypeScript, JavaScript, Go, C and others have no definitions in the model: apt-get install universal-ctags"),
            { LimitHit: { } limit } => throw new InvalidDataException($"Ctags was stopped at its limit ({limit})."),
            { ExitCode: not 0 } => throw new InvalidDataException($"Ctags failed: {SafeText.Line(result.Error.Trim(), 300)}"),
            _ => [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).OfType<OutlineTag>()],
        };
    }

    private static OutlineTag? Parse(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var tag = json.RootElement;
            if (!Text(tag, "path").StartsWith("./", StringComparison.Ordinal))
            {
                return null;
            }

            var first = Number(tag, "line");
            return new(Text(tag, "path")[2..], Text(tag, "name"), Text(tag, "kind"), first, Math.Max(first, Number(tag, "end")), Text(tag, "scope"), Text(tag, "signature"));
        }
        catch (JsonException)
        {
            // A name that is no UTF-8.
            return null;
        }
    }

    private static string Text(JsonElement tag, string name) => tag.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static int Number(JsonElement tag, string name) => tag.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : 0;
}
