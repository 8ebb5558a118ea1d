using System.Text.Json.Nodes;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>The documents that a server was shown. They say what is in a file, whatever the server sees on its disk.</summary>
internal sealed class OpenDocuments(LspSession session)
{
    private readonly Dictionary<string, Document> _open = new(StringComparer.Ordinal);
    private long _uses;
    private int _version;

    /// <summary>The paths of all that are open.</summary>
    public IReadOnlyCollection<string> Paths => [.. _open.Keys];

    /// <summary>Shows a file as it is now; null when it is none, or no text that can be shown.</summary>
    public Shown? Show(IWorkspace workspace, string path)
    {
        var stamp = workspace.Stamp(path);
        if (_open.TryGetValue(path, out var document))
        {
            document.Used = ++_uses;
            if (stamp is not null && document.Stamp == stamp && document.StampedIn.Equals(workspace) && document.File is { } same)
            {
                return new(path, document.Places, same, document.Version, document.Sequence);
            }
        }

        if (Read(workspace, path) is not { } read)
        {
            Close(path);
            return null;
        }

        if (document is null)
        {
            MakeRoom();
            document = new Document();
            _open[path] = document;
        }

        if (document.File?.Version != read.File.Version)
        {
            Send(path, document, read.Text);
        }

        (document.File, document.Stamp, document.StampedIn, document.Used) = (read.File, stamp, workspace, ++_uses);
        return new(path, document.Places, read.File, document.Version, document.Sequence);
    }

    /// <summary>Takes a document back: the server reads the file itself again.</summary>
    public void Close(string path)
    {
        if (_open.Remove(path))
        {
            session.Tell("textDocument/didClose", new JsonObject { ["textDocument"] = LspJson.Document(LspUri.Of(session.Root, path)) });
            session.Diagnostics.Remove(path);
        }
    }

    /// <summary>A file's text; null when it is gone, too large or no text.</summary>
    public static (WorkspaceFile File, string Text)? Read(IWorkspace workspace, string path)
    {
        try
        {
            var file = workspace.Read(path, LspLimits.DocumentBytes);
            return FileText.TryDecode(file.Content.Span) is { } text ? (file, text.Text) : null;
        }
        catch (WorkspaceException)
        {
            return null;
        }
    }

    private void Send(string path, Document document, string text)
    {
        var uri = LspUri.Of(session.Root, path);
        document.Sequence = session.Diagnostics.Sequence;
        document.Places = new(text, session.Unit);
        var isNew = document.Version == 0;
        document.Version = ++_version;
        var identity = new JsonObject { ["uri"] = uri, ["version"] = document.Version };
        if (isNew)
        {
            identity["languageId"] = RunLanguages.LanguageOf(session.Server, path) ?? "plaintext";
            identity["text"] = text;
            session.Tell("textDocument/didOpen", new JsonObject { ["textDocument"] = identity });
        }
        else
        {
            session.Tell("textDocument/didChange", new JsonObject { ["textDocument"] = identity, ["contentChanges"] = new JsonArray(new JsonObject { ["text"] = text }) });
        }
    }

    private void MakeRoom()
    {
        while (_open.Count >= LspLimits.OpenDocuments)
        {
            Close(_open.MinBy(d => d.Value.Used).Key);
        }
    }

    private sealed class Document
    {
        public WorkspaceFile? File { get; set; }

        public TextPlaces Places { get; set; } = new("", PositionUnit.Utf16);

        public long? Stamp { get; set; }

        public object StampedIn { get; set; } = new();

        public int Version { get; set; }

        public long Sequence { get; set; }

        public long Used { get; set; }
    }
}

/// <summary>A document as the server has it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Places">Its text.</param>
/// <param name="File">What was read.</param>
/// <param name="Version">The number under which the server was sent it.</param>
/// <param name="Sequence">What the book of findings had counted before that.</param>
internal sealed record Shown(string Path, TextPlaces Places, WorkspaceFile File, int Version, long Sequence);
