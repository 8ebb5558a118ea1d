using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;

namespace Cairn.Tools.Lsp;

/// <summary>
/// A server that runs in the sandbox over the files as they were when it was started, and the client that speaks to it. What changed since is
/// told by opening documents. To be used by one at a time, under <see cref="Gate"/>.
/// </summary>
internal sealed class LspSession : IAsyncDisposable, ILspListener
{
    private const int MaxPids = 256;
    private const int MaxTail = 1024;

    private readonly ISandboxProcess _process;
    private readonly LspConnection _connection;
    private int _disposed;

    private LspSession(LanguageServer server, IWorkspace workspace, ISandboxProcess process, TimeProvider time)
    {
        (Server, Root, Base, Owner, _process) = (server, workspace.Root, workspace.Top, workspace, process);
        Diagnostics = new(time);
        Users.Add(workspace);
        _connection = new(process.Input, process.Output, this, time);
        Documents = new(this);
    }

    /// <summary>The server.</summary>
    public LanguageServer Server { get; }

    /// <summary>The workspace's root, the same inside.</summary>
    public string Root { get; }

    /// <summary>The layer over which it was started.</summary>
    public LayerId? Base { get; }

    /// <summary>The workspace that it was started in, and ends with.</summary>
    public IWorkspace Owner { get; }

    /// <summary>The workspaces that used it.</summary>
    public List<IWorkspace> Users { get; } = [];

    /// <summary>Held by who uses it.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>When it was last used.</summary>
    public long LastUse { get; set; }

    /// <summary>What it found.</summary>
    public DiagnosticBook Diagnostics { get; }

    /// <summary>What it was shown.</summary>
    public OpenDocuments Documents { get; }

    /// <summary>What it says that it can do.</summary>
    public JsonElement Capabilities { get; private set; }

    /// <summary>What it counts columns in.</summary>
    public PositionUnit Unit { get; private set; }

    /// <summary>Nothing can be asked of it any more.</summary>
    public bool HasEnded => _connection.Failure is not null || _process.Ended.IsCompleted || Volatile.Read(ref _disposed) != 0;

    /// <summary>Starts a server and makes its acquaintance.</summary>
    /// <exception cref="LspFailure">When it does not start, or says nothing sensible.</exception>
    /// <exception cref="WorkspaceException">When no sandbox can be made.</exception>
    public static async Task<LspSession> StartAsync(LanguageServer server, IWorkspace workspace, TimeProvider time, CancellationToken cancellationToken)
    {
        var process = await workspace.StartAsync(
            new SandboxCommand(server.Command)
            {
                // The least that there is, whoever asks: so those who share it cannot lend each other rights.
                ReadOnly = true,
                Profile = SandboxProfile.ReadOnly,
                NoExec = true,
                Mounts = [.. server.Mounts.Select(m => new CommandMount(m, m))],
                Environment = System.Collections.Immutable.ImmutableDictionary.CreateRange(server.Environment),
                Limits = new SandboxLimits { MemoryBytes = (long)server.MemoryMb << 20, Pids = MaxPids },
            },
            cancellationToken);
        var session = new LspSession(server, workspace, process, time);
        try
        {
            await session.InitializeAsync(cancellationToken);
            return session;
        }
        catch (Exception e)
        {
            await session.DisposeAsync();
            throw e is LspFailure or LspRefusal ? session.Explained(e) : e;
        }
    }

    /// <summary>Asks a question.</summary>
    /// <exception cref="LspFailure">When the server is gone, or broke the protocol.</exception>
    /// <exception cref="LspRefusal">When it answers with an error.</exception>
    public Task<JsonElement> AskAsync(string method, JsonNode? parameters, CancellationToken cancellationToken) =>
        _connection.AskAsync(method, parameters, cancellationToken);

    /// <summary>Tells something.</summary>
    public void Tell(string method, JsonNode? parameters) => _connection.Tell(method, parameters);

    /// <summary>A failure with what is known of why.</summary>
    public LspFailure Explained(Exception e)
    {
        var tail = _process.ErrorTail.Trim();
        return new($"{e.Message}{(tail.Length == 0 ? "" : $"; its last words: {SafeText.ForModel(tail, MaxTail)}")}", e);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        // First the process: then nobody waits for a pipe any more.
        await _process.DisposeAsync();
        await _connection.DisposeAsync();
    }

    void ILspListener.Told(string method, JsonElement parameters)
    {
        if (method == "textDocument/publishDiagnostics" && parameters.String("uri") is { } uri && LspUri.Path(Root, uri) is { } path)
        {
            Diagnostics.Put(path, parameters.Int("version"), LspDiagnostic.Read(parameters.Get("diagnostics")));
        }
    }

    (JsonNode? Answer, bool Known) ILspListener.Asked(string method, JsonElement parameters) => method switch
    {
        "workspace/configuration" => (new JsonArray([.. parameters.Get("items").Items().Take(LspLimits.Outgoing).Select(_ => (JsonNode?)null)]), true),
        "client/registerCapability" or "client/unregisterCapability" or "window/workDoneProgress/create" or "window/showMessageRequest" or "workspace/diagnostic/refresh" or "workspace/semanticTokens/refresh" or "workspace/codeLens/refresh" or "workspace/inlayHint/refresh" => (null, true),
        "workspace/workspaceFolders" => (Folders(), true),

        // What changes files goes through a tool, never past it.
        "workspace/applyEdit" => (new JsonObject { ["applied"] = false }, true),
        _ => (null, false),
    };

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        var answer = await _connection.AskAsync("initialize", LspGreeting.Of(LspUri.Of(Root, ""), Folders(), Server.Options), cancellationToken);
        Capabilities = answer.Get("capabilities");
        if (Capabilities.ValueKind != JsonValueKind.Object)
        {
            throw new LspFailure("it does not say what it can do");
        }

        Unit = Capabilities.String("positionEncoding") switch { "utf-8" => PositionUnit.Utf8, "utf-32" => PositionUnit.Utf32, _ => PositionUnit.Utf16 };
        _connection.Tell("initialized", new JsonObject());
    }

    private JsonArray Folders() => [new JsonObject { ["uri"] = LspUri.Of(Root, ""), ["name"] = "workspace" }];
}
