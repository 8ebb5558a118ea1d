using System.Text.Json.Nodes;

namespace Cairn.Tools.Lsp;

/// <summary>What a server is told when it starts: who we are and what we understand.</summary>
internal static class LspGreeting
{
    private static readonly string[] Actions = ["quickfix", "refactor", "refactor.extract", "refactor.inline", "refactor.rewrite", "source", "source.organizeImports", "source.fixAll"];

    public static JsonObject Of(string root, JsonArray folders, string? options)
    {
        var greeting = new JsonObject
        {
            // Its process numbers are not ours: a server that looked for ours would not find it, and end.
            ["processId"] = null,
            ["clientInfo"] = new JsonObject { ["name"] = "cairn" },
            ["rootUri"] = root,
            ["workspaceFolders"] = folders,
            ["capabilities"] = new JsonObject
            {
                // Texts are held in UTF-16 here, so that costs nothing; the others are understood.
                ["general"] = new JsonObject { ["positionEncodings"] = new JsonArray("utf-16", "utf-8", "utf-32") },
                ["textDocument"] = TextDocument(),
                ["workspace"] = new JsonObject
                {
                    ["workspaceEdit"] = new JsonObject { ["documentChanges"] = true },
                    ["symbol"] = new JsonObject(),
                    ["configuration"] = true,
                    ["workspaceFolders"] = true,
                },
                ["window"] = new JsonObject { ["workDoneProgress"] = false },
            },
        };
        if (options is not null)
        {
            greeting["initializationOptions"] = JsonNode.Parse(options);
        }

        return greeting;
    }

    private static JsonObject TextDocument() => new()
    {
        ["synchronization"] = new JsonObject(),
        ["hover"] = new JsonObject { ["contentFormat"] = new JsonArray("plaintext", "markdown") },
        ["definition"] = new JsonObject(),
        ["typeDefinition"] = new JsonObject(),
        ["implementation"] = new JsonObject(),
        ["references"] = new JsonObject(),
        ["documentHighlight"] = new JsonObject(),
        ["callHierarchy"] = new JsonObject(),
        ["documentSymbol"] = new JsonObject { ["hierarchicalDocumentSymbolSupport"] = true },
        ["rename"] = new JsonObject { ["prepareSupport"] = true },
        ["codeAction"] = new JsonObject
        {
            ["codeActionLiteralSupport"] = new JsonObject { ["codeActionKind"] = new JsonObject { ["valueSet"] = new JsonArray([.. Actions.Select(a => JsonValue.Create(a))]) } },
            ["dataSupport"] = true,
            ["resolveSupport"] = new JsonObject { ["properties"] = new JsonArray("edit") },
        },
        ["publishDiagnostics"] = new JsonObject { ["versionSupport"] = true },
    };
}
