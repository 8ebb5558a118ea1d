using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>The bodies that an event refers to: what must exist for it to mean something, and what collection keeps.</summary>
public static class References
{
    /// <summary>The hashes of all bodies that an event names.</summary>
    public static IEnumerable<BlobHash> Of(RunEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return All(e).Where(hash => !hash.IsNone);
    }

    /// <summary>The layers that an event names. Those within a merge's plan are not among them.</summary>
    public static IEnumerable<LayerId> LayersOf(RunEvent e)
    {
        LayerId?[] named = e switch
        {
            RunStarted x => [x.BaseLayer],
            RunForked x => [x.Layer],
            RunRolledBack x => [x.Layer],
            ToolCallStarted x => [x.Layer],
            ToolCallFinished x => [x.Layer],
            JudgeStarted x => [x.Layer],
            _ => [],
        };
        return named.OfType<LayerId>();
    }

    private static IEnumerable<BlobHash> All(RunEvent e) => e switch
    {
        RunStarted x => [x.Task.Body, x.Agent.ToolDefinitions, x.Agent.Prompt?.Body ?? default, .. x.Rules.Select(r => r.Body)],
        ModelCallFinished x => [x.Response, x.Logprobs ?? default, x.Route ?? default, .. x.Calls.SelectMany(c => new[] { c.Arguments, c.Problem })],
        ModelCallFailed x => [x.Route ?? default],
        ModelCallCutOff x => [x.Text],
        AgentCalled x => [x.Arguments, x.Problem],
        ToolCallStarted x => [x.Arguments],
        ToolCallDenied x => [x.Result],
        ToolCallFinished x => [x.Result, x.Data ?? default, x.Context?.Brief?.Body ?? default],
        FilesChanged x => [x.Note.Body],
        ArchiveAsked x => [x.Query],
        ArchiveAnswered x => x.Items.Select(i => i.Text.Body),
        DecisionRequested x => [x.Question],
        DecisionMade x => [x.Answer],
        JudgeFinished x => [x.Report],
        MergeStarted x => [x.Plan],
        MergeFinished x => [x.ConflictList ?? default],
        ConflictsResolved x => [x.Resolutions],
        _ => [],
    };
}
