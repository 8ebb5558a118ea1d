using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>
/// The kernel as a code agent sees it. Each call is a journaled step under the run's policy and budget; it returns how
/// it ended as a value and throws only for bugs and cancellation. Paths are relative to the workspace's root.
/// </summary>
public sealed class AgentRuntime(ISyscalls kernel)
{
    /// <summary>The run.</summary>
    public RunId Run => kernel.Run;

    /// <summary>The task that the run was given.</summary>
    public string Task => kernel.Task;

    /// <summary>Reads a whole file, exactly; up to 8 MiB.</summary>
    public Task<Answer<FileData>> ReadFileAsync(string path, CancellationToken cancellationToken) =>
        Typed("read_file", new ReadFileArguments(path, null, null), SdkJson.Default.ReadFileArguments, CairnJson.Default.FileData, cancellationToken);

    /// <summary>
    /// Writes a whole file, exactly as given, in the encoding that it has. Conflict when the file is not at the version.
    /// </summary>
    /// <param name="path">The file; missing directories are made.</param>
    /// <param name="content">Its text.</param>
    /// <param name="version">The version that was read; null for a file that must not exist yet.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<Answer<WriteData>> WriteFileAsync(string path, string content, BlobHash? version, CancellationToken cancellationToken) =>
        Typed("write_file", new WriteFileArguments(path, content, version?.Value), SdkJson.Default.WriteFileArguments, CairnJson.Default.WriteData, cancellationToken);

    /// <summary>Replaces parts of a file, all or none. Conflict when the file is not at the version.</summary>
    public Task<Answer<WriteData>> EditFileAsync(string path, BlobHash version, IReadOnlyList<TextEdit> edits, CancellationToken cancellationToken) =>
        Typed("edit_file", new EditFileArguments(path, version.Value, edits), SdkJson.Default.EditFileArguments, CairnJson.Default.WriteData, cancellationToken);

    /// <summary>Lists what is beneath a directory, sorted by directory; .git is hidden and generated directories are not entered.</summary>
    /// <param name="path">The directory; "" for the root.</param>
    /// <param name="depth">Levels to go down, 1 to 64.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<Answer<FileListData>> ListFilesAsync(string path, int depth, CancellationToken cancellationToken) =>
        Typed("list_files", new ListFilesArguments(path, depth, false), SdkJson.Default.ListFilesArguments, CairnJson.Default.FileListData, cancellationToken);

    /// <summary>Finds the lines that match a regular expression (ripgrep's syntax), at most 1,000.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="glob">Only files whose path matches; null for all.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<Answer<SearchData>> SearchCodeAsync(string pattern, string? glob, CancellationToken cancellationToken) =>
        Typed("search", new SearchArguments(pattern, null, glob, null, 0, 1000), SdkJson.Default.SearchArguments, CairnJson.Default.SearchData, cancellationToken);

    /// <summary>Asks the living model of the code: words, similar texts and the graph at once, of the files as they are now.</summary>
    /// <param name="words">A question, or names; "" when the pattern or the keys say it.</param>
    /// <param name="graph">A Cypher pattern or query whose nodes count as found too; null for none.</param>
    /// <param name="keys">What is to be in the answer by path, path#name or name; null for nothing.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<Answer<RecallData>> RecallCodeAsync(string words, string? graph, IReadOnlyList<string>? keys, CancellationToken cancellationToken) =>
        Typed("recall_code", new RecallCodeArguments(words, graph, keys, null), SdkJson.Default.RecallCodeArguments, CairnJson.Default.RecallData, cancellationToken);

    /// <summary>What depends on a symbol, at most 500 places, nearest first. Failed when nothing has that name.</summary>
    /// <param name="symbol">A name, a dotted name, a path, or path#name.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<Answer<ImpactData>> ImpactAsync(string symbol, CancellationToken cancellationToken) =>
        Typed("impact", new ImpactArguments(symbol, 500), SdkJson.Default.ImpactArguments, CairnJson.Default.ImpactData, cancellationToken);

    /// <summary>Answers an openCypher query over the graph of the code, at most 1,000 rows. Failed, with line and column, when it cannot be answered.</summary>
    public Task<Answer<GraphData>> QueryGraphAsync(string query, CancellationToken cancellationToken) =>
        Typed("graph_query", new GraphQueryArguments(query, 1000), SdkJson.Default.GraphQueryArguments, CairnJson.Default.GraphData, cancellationToken);

    /// <summary>Finds every place that uses a symbol, as the language server of the file understands the code.</summary>
    /// <param name="symbol">Its name; Order.total for one within another.</param>
    /// <param name="path">A file in which it stands.</param>
    /// <param name="line">The line there, from 1; null for where the file declares it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<Answer<PlacesData>> FindReferencesAsync(string symbol, string path, int? line, CancellationToken cancellationToken) =>
        Typed("find_references", new FindReferencesArguments(symbol, path, line, 0, null), SdkJson.Default.FindReferencesArguments, CairnJson.Default.PlacesData, cancellationToken);

    /// <summary>Finds where a symbol is defined.</summary>
    /// <param name="symbol">Its name; Order.total for one within another.</param>
    /// <param name="path">A file in which it stands.</param>
    /// <param name="line">The line there, from 1; null for where it first stands.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<Answer<PlacesData>> FindDefinitionAsync(string symbol, string path, int? line, CancellationToken cancellationToken) =>
        Typed("inspect_symbol", new InspectSymbolArguments(symbol, path, line, "definition"), SdkJson.Default.InspectSymbolArguments, CairnJson.Default.PlacesData, cancellationToken);

    /// <summary>Lists the symbols that a file declares, with their lines.</summary>
    public Task<Answer<PlacesData>> ListSymbolsAsync(string path, CancellationToken cancellationToken) =>
        Typed("list_symbols", new ListSymbolsArguments(path, null), SdkJson.Default.ListSymbolsArguments, CairnJson.Default.PlacesData, cancellationToken);

    /// <summary>Lists what the language server of a file finds wrong in it.</summary>
    public Task<Answer<ProblemsData>> FindProblemsAsync(string path, CancellationToken cancellationToken) =>
        Typed("diagnostics", new DiagnosticsArguments(path), SdkJson.Default.DiagnosticsArguments, CairnJson.Default.ProblemsData, cancellationToken);

    /// <summary>Renames a symbol wherever it is used, in all files or in none. Conflict when a file changed meanwhile.</summary>
    /// <param name="symbol">Its name; Order.total for one within another.</param>
    /// <param name="path">A file in which it stands.</param>
    /// <param name="line">The line there, from 1; null for where the file declares it.</param>
    /// <param name="name">The new name alone.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<Answer<RenameData>> RenameSymbolAsync(string symbol, string path, int? line, string name, CancellationToken cancellationToken) =>
        Typed("rename_symbol", new RenameSymbolArguments(symbol, path, line, name), SdkJson.Default.RenameSymbolArguments, CairnJson.Default.RenameData, cancellationToken);

    /// <summary>Runs a shell command in the sandbox. A command that exits non-zero is Ok: look at its exit code.</summary>
    /// <param name="command">The command line.</param>
    /// <param name="timeoutSeconds">The most seconds that it may take, 1 to 1,800.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<Answer<CommandData>> RunCommandAsync(string command, int timeoutSeconds, CancellationToken cancellationToken) =>
        Typed("run_command", new RunCommandArguments(command, null, timeoutSeconds), SdkJson.Default.RunCommandArguments, CairnJson.Default.CommandData, cancellationToken);

    /// <summary>
    /// Starts runs below this one, side by side, and waits for all of them. They share this run's budget, and a crash
    /// never starts one twice.
    /// </summary>
    /// <param name="children">The runs, at most 64.</param>
    /// <param name="adopt">Take over the files of a single child that succeeds.</param>
    /// <param name="cancellationToken">Stops them.</param>
    public async Task<Answer<IReadOnlyList<ChildResult>>> SpawnAsync(
        IReadOnlyList<ChildRequest> children, bool adopt, CancellationToken cancellationToken)
    {
        var request = JsonSerializer.Serialize(new SpawnRequest([.. children], adopt), SdkJson.Default.SpawnRequest);
        var result = await kernel.CallAsync("spawn_run", request, cancellationToken);
        return new(
            result.Status, result.Text,
            result.Data is null ? null : JsonSerializer.Deserialize(result.Data, CairnJson.Default.ImmutableArrayChildResult));
    }

    /// <summary>Asks a model one question; what it takes counts against the run's budget.</summary>
    public Task<Answer<AskData>> AskModelAsync(AskRequest request, CancellationToken cancellationToken) =>
        Typed("ask_model", request, SdkJson.Default.AskRequest, CairnJson.Default.AskData, cancellationToken);

    /// <summary>
    /// Asks a model for a value. The type's schema goes to providers that know schemas, and every answer is checked; one that
    /// does not fit is sent back with what is wrong, three times in all. Failed when none fits.
    /// </summary>
    /// <typeparam name="T">What is asked for: all its properties must be in the answer, and no others.</typeparam>
    /// <param name="prompt">The question, with all that the model must know.</param>
    /// <param name="type">The type as a source-generated JSON context knows it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<Answer<T>> AskModelAsync<T>(string prompt, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var answer = await AskModelAsync(new AskRequest(prompt, Schema: AnswerSchemas.Of(type)), cancellationToken);
        if (!answer.IsOk)
        {
            return new(answer.Status, answer.Text, null);
        }

        try
        {
            return new(SyscallStatus.Ok, answer.Text, JsonSerializer.Deserialize(answer.Value.Text, type));
        }
        catch (JsonException e)
        {
            return new(SyscallStatus.Failed, $"The answer fits its schema, but is no {typeof(T).Name}: {e.Message}", null);
        }
    }

    /// <summary>Calls any tool that the run may use.</summary>
    /// <param name="tool">Its name.</param>
    /// <param name="arguments">JSON of its arguments.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<SyscallResult> CallAsync(string tool, string arguments, CancellationToken cancellationToken) =>
        kernel.CallAsync(tool, arguments, cancellationToken);

    /// <summary>Marks this place, to come back to it.</summary>
    public Task<CheckpointId> CheckpointAsync(string reason, CancellationToken cancellationToken) =>
        kernel.CheckpointAsync(reason, cancellationToken);

    /// <summary>Takes the workspace back to a checkpoint, with all that commands changed.</summary>
    public Task RollbackAsync(CheckpointId checkpoint, string reason, CancellationToken cancellationToken) =>
        kernel.RollbackAsync(checkpoint, reason, cancellationToken);

    private async Task<Answer<TData>> Typed<TArguments, TData>(
        string tool, TArguments arguments, JsonTypeInfo<TArguments> argumentType, JsonTypeInfo<TData> dataType, CancellationToken cancellationToken)
        where TData : class
    {
        var result = await kernel.CallAsync(tool, JsonSerializer.Serialize(arguments, argumentType), cancellationToken);
        if (result.IsOk && result.Data is null)
        {
            throw new InvalidOperationException($"{tool} gave no data: the host must call the tools of code agents with {nameof(ToolContext.Exact)} set.");
        }

        return new Answer<TData>(result.Status, result.Text, result.Data is null ? null : JsonSerializer.Deserialize(result.Data, dataType));
    }
}
