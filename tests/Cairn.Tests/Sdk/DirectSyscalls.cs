using System.Text.Json;
using Cairn.Tests.Sandbox;
using Cairn.Tools;

namespace Cairn.Tests.Sdk;

/// <summary>A kernel of one room: checks each call and runs the tool at once. No journal, no budget.</summary>
internal sealed class DirectSyscalls(InMemoryWorkspace workspace, string task) : ISyscalls
{
    private readonly ToolRegistry _registry = new();
    private readonly Dictionary<CheckpointId, ManifestEntry[]> _checkpoints = [];

    public RunId Run { get; } = RunId.Parse("run-1");

    public string Task { get; } = task;

    /// <summary>The calls, as tool and arguments.</summary>
    public List<(string Tool, string Arguments)> Calls { get; } = [];

    /// <summary>The reasons of the checkpoints and rollbacks.</summary>
    public List<string> Marks { get; } = [];

    /// <summary>Answers a call in place of the tool; null lets the tool run.</summary>
    public Func<string, SyscallResult?> Instead { get; set; } = _ => null;

    public async Task<SyscallResult> CallAsync(string tool, string arguments, CancellationToken cancellationToken)
    {
        Calls.Add((tool, arguments));
        if (Instead(tool) is { } answer)
        {
            return answer;
        }

        if (_registry.Check(tool, arguments, Tools.ToolBench.AllNames(_registry)) is { } problem)
        {
            return new SyscallResult(SyscallStatus.Failed, problem);
        }

        using var document = JsonDocument.Parse(arguments);
        var context = new ToolContext(Run, CallId.Parse($"c{Calls.Count}"), workspace) { Exact = true };
        var result = await _registry.Find(tool)!.InvokeAsync(context, document.RootElement, cancellationToken);
        var status = result.Status switch
        {
            ToolStatus.Ok => SyscallStatus.Ok,
            ToolStatus.Denied => SyscallStatus.Denied,
            ToolStatus.Conflict => SyscallStatus.Conflict,
            ToolStatus.TimedOut => SyscallStatus.TimedOut,
            _ => SyscallStatus.Failed,
        };
        return new SyscallResult(status, result.Text) { Data = result.Data };
    }

    public Task<CheckpointId> CheckpointAsync(string reason, CancellationToken cancellationToken)
    {
        var id = CheckpointId.Parse($"cp{_checkpoints.Count + 1}");
        _checkpoints[id] = [.. workspace.Manifest()];
        Marks.Add(reason);
        return System.Threading.Tasks.Task.FromResult(id);
    }

    public Task RollbackAsync(CheckpointId checkpoint, string reason, CancellationToken cancellationToken)
    {
        Assert.Contains(checkpoint, _checkpoints.Keys);
        Marks.Add(reason);
        return System.Threading.Tasks.Task.CompletedTask;
    }
}
