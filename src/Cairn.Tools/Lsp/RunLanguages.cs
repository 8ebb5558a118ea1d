using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Tools.Lsp;

/// <summary>A run's language servers: which there are, and the way to them.</summary>
internal sealed class RunLanguages(ImmutableArray<LanguageServer> servers, LanguageServerPool pool) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<IWorkspace> _workspaces = [];

    /// <summary>The servers, in the order in which they are looked through.</summary>
    public ImmutableArray<LanguageServer> Servers => servers;

    /// <summary>The server that is asked about a file; null when there is none.</summary>
    public LanguageServer? Find(string path) =>
        servers.Where(s => Match(s, path) is not null).MaxBy(s => Match(s, path)!.Length);

    /// <summary>What the protocol calls the language of a file; null when the server is not asked about it.</summary>
    public static string? LanguageOf(LanguageServer server, string path) => Match(server, path) is { } match ? server.Files[match] : null;

    /// <summary>Does something with a server; see <see cref="LanguageServerPool"/>.</summary>
    public Task<T> UseAsync<T>(LanguageServer server, IWorkspace workspace, Func<LspSession, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_workspaces.Contains(workspace))
            {
                _workspaces.Add(workspace);
            }
        }

        return pool.UseAsync(server, workspace, use, cancellationToken);
    }

    /// <summary>What the server of a file finds wrong in it as it is now; null when there is none, or it cannot tell.</summary>
    public async Task<ProblemsData?> FindProblemsAsync(IWorkspace workspace, string path, CancellationToken cancellationToken)
    {
        try
        {
            return Find(path) is not { } server ? null : await UseAsync(
                server, workspace,
                async (session, token) => session.Documents.Show(workspace, path) is { } document ? await CodeProblems.FindAsync(session, document, token) : null,
                cancellationToken);
        }
        catch (Exception e) when (e is LspFailure or LspRefusal)
        {
            return null;
        }
    }

    /// <summary>A server runs that may be asked at once.</summary>
    public bool IsRunning(LanguageServer server, IWorkspace workspace) => pool.IsRunning(server, workspace);

    public async ValueTask DisposeAsync() => await pool.LeaveAsync(_workspaces);

    private static string? Match(LanguageServer server, string path) =>
        server.Files.Keys.Where(end => path.EndsWith(end, StringComparison.Ordinal)).MaxBy(end => end.Length);
}
