using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>What the tools over language servers share: which server a file belongs to, and what becomes of its failures.</summary>
internal abstract class LspTool : DriverTool
{
    /// <summary>Where these tools come from; a run has them only when it has language servers.</summary>
    public const string Origin = "language-server";

    private const int MaxReason = 2000;
    private const int ListedBytes = 256 * 1024;

    /// <summary>Longer than a server may take to start and to answer, twice: it may have to be started anew in between.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan MentionWait = TimeSpan.FromSeconds(10);

    protected LspTool(RunLanguages languages, string name, EffectClass effect, string example, params ReadOnlySpan<string> capabilities)
        : base("Lsp", name, effect, Most, example, capabilities)
    {
        Languages = languages;
        Descriptor = Descriptor with { Source = Origin };
    }

    protected RunLanguages Languages { get; }

    /// <summary>Asks the server of a file, which was shown the file as it is.</summary>
    protected async Task<ToolResult> AskAsync(
        ToolContext context, string? named, Func<LspSession, Shown, CancellationToken, Task<ToolResult>> ask, CancellationToken cancellationToken)
    {
        var path = WorkspacePath.Of(context.Workspace, named ?? "");
        if (context.Workspace.Stat(path) is null)
        {
            throw new WorkspaceException(FileProblem.NotFound, $"{WorkspacePath.Shown(path)} does not exist.");
        }

        // The server knows a file by the one path that it has.
        path = context.Workspace.Read(path, LspLimits.DocumentBytes).Path;
        return Languages.Find(path) is not { } server
            ? ToolResult.Failed($"No language server of this run is for {WorkspacePath.Shown(path)}; there are: {string.Join(", ", Languages.Servers.Select(s => $"{s.Name} ({string.Join(" ", s.Files.Keys)})"))}.")
            : await AskAsync(
                context, server,
                (session, token) => session.Documents.Show(context.Workspace, path) is { } document
                    ? ask(session, document, token)
                    : Task.FromResult(ToolResult.Failed($"{WorkspacePath.Shown(path)} is no text that a language server reads.")),
                cancellationToken);
    }

    /// <summary>Asks a server.</summary>
    protected async Task<ToolResult> AskAsync(
        ToolContext context, LanguageServer server, Func<LspSession, CancellationToken, Task<ToolResult>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await Languages.UseAsync(server, context.Workspace, ask, cancellationToken);
        }
        catch (LspFailure e)
        {
            return ToolResult.Failed($"The language server {server.Name} failed: {SafeText.ForModel(e.Message, MaxReason)}.");
        }
        catch (LspRefusal e)
        {
            return ToolResult.Failed($"The language server {server.Name} refuses: {e.Message}");
        }
    }

    /// <summary>Goes on with the place of a symbol in a document.</summary>
    protected static async Task<ToolResult> AtAsync(
        LspSession session, Shown document, string symbol, int? line, Func<LspPosition, Task<ToolResult>> go, CancellationToken cancellationToken)
    {
        var (offset, problem) = await SymbolFinder.FindAsync(session, document, symbol, line, cancellationToken);
        return offset is { } at ? await go(document.Places.Position(at)) : ToolResult.Failed(problem);
    }

    /// <summary>That the server cannot do something; null when it can.</summary>
    protected static ToolResult? Unable(LspSession session, string capability, string what) =>
        session.Capabilities.Has(capability) ? null : ToolResult.Failed($"The language server {session.Server.Name} cannot {what}.");

    /// <summary>
    /// Shows the server the files that mention a name. Some find by themselves where a name is used, some only within what was opened; and of
    /// what is open, problems are told after an edit.
    /// </summary>
    protected static async Task ShowMentionsAsync(ToolContext context, LspSession session, string name, bool wholeWord, CancellationToken cancellationToken)
    {
        ImmutableArray<string> word = wholeWord ? ["--word-regexp"] : ["--ignore-case"];
        var result = await context.Workspace.RunAsync(
            new SandboxCommand([
                "rg", "--no-config", "--color=never", "--files-with-matches", "--null", "--hidden", "--no-require-git", "--fixed-strings", "--max-filesize=4M", .. word,
                .. session.Server.Files.Keys.Select(end => $"--glob=*{end}"), "--glob=!.git", $"--regexp={name}", "--", "./"])
            {
                ReadOnly = true,
                Profile = SandboxProfile.ReadOnly,
                Limits = new SandboxLimits { Wall = MentionWait, OutputBytes = ListedBytes },
            },
            cancellationToken);
        var paths = result.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(p => p.StartsWith("./", StringComparison.Ordinal) ? p[2..] : p);
        var shown = paths.Where(p => RunLanguages.LanguageOf(session.Server, p) is not null).Order(StringComparer.Ordinal).Take(LspLimits.Mentions)
            .Select(p => session.Documents.Show(context.Workspace, p)).OfType<Shown>().ToList();
        if (session.Server.PerFile)
        {
            await BuiltAsync(session, shown, cancellationToken);
        }
    }

    /// <summary>Waits until the server has looked at documents, which it does in its own time.</summary>
    private static async Task BuiltAsync(LspSession session, List<Shown> shown, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(MentionWait);
        try
        {
            foreach (var document in shown)
            {
                await session.Diagnostics.WaitAsync(document.Path, document.Version, document.Sequence, late.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The answer may lack some files then, as with any server that is still reading.
        }
    }
}
