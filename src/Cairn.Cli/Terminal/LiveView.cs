using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Cli.Terminal;

/// <summary>
/// Shows a run while it happens: one line for each thing, output of commands indented under it. Written so that it
/// reads the same in a terminal, a log file and a CI's page.
/// </summary>
internal sealed class LiveView(bool verbose, bool condensed = false) : IRunObserver
{
    private const int Width = 110;
    private readonly Lock _gate = new();
    private readonly Dictionary<CallId, (string Tool, string Arguments)> _calls = [];
    private bool _inText;
    private (string Tool, int Count, long Milliseconds) _same;

    /// <summary>Finds the text of a body, to show what a call is about.</summary>
    public Func<BlobHash, string>? Body { get; set; }

    public void Recorded(JournalRecord record)
    {
        lock (_gate)
        {
            if (record.Event is ToolCallFinished { Status: ToolStatus.Ok } done && condensed && Condense(done))
            {
                return;
            }

            if (Describe(record) is { } line)
            {
                Break();
                Console.WriteLine(Safe.Line(line, Width));
            }
        }
    }

    public void ModelDelta(RunId run, ModelDelta delta)
    {
        if (delta.Text.Length == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (!_inText)
            {
                Console.Write("     » ");
                _inText = true;
            }

            Console.Write(Safe.Text(delta.Text).Replace("\n", "\n       ", StringComparison.Ordinal));
        }
    }

    public void Output(RunId run, string text)
    {
        if (!verbose)
        {
            return;
        }

        lock (_gate)
        {
            Break();
            foreach (var line in text.TrimEnd('\n').Split('\n'))
            {
                Console.WriteLine("       │ " + Safe.Line(line, Width - 9));
            }
        }
    }

    /// <summary>A code agent makes hundreds of like calls: they become one line.</summary>
    private bool Condense(ToolCallFinished done)
    {
        var (tool, _) = _calls.GetValueOrDefault(done.Call, ("", ""));
        if (tool is not ("read_file" or "write_file" or "edit_file" or "list_files"))
        {
            return false;
        }

        if (_same.Count > 0 && _same.Tool != tool)
        {
            Break();
        }

        _same = (tool, _same.Count + 1, _same.Milliseconds + done.Milliseconds);
        return true;
    }

    private void Break()
    {
        if (_same.Count > 0)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"     ✓ {_same.Tool} × {_same.Count}  {_same.Milliseconds} ms"));
            _same = default;
        }

        if (_inText)
        {
            Console.WriteLine();
            _inText = false;
        }
    }

    private string? Describe(JournalRecord record)
    {
        switch (record.Event)
        {
            case RunStarted x:
                return $"● {record.Run}  {x.Title}\n  policy: {(x.Policy is null ? "none (every tool call that the sandbox can carry out is permitted)" : $"{x.Policy.Name} {x.Policy.Hash.Short}")}";
            case RunForked x:
                return $"● {record.Run}  fork of {x.Source}";
            case RunRecovered:
                return "↻ taken up again";
            case ModelCallStarted x:
                return string.Create(CultureInfo.InvariantCulture, $"{x.Step,3}  ask {x.Model}{(x.Attempt > 1 ? $" (attempt {x.Attempt})" : "")}");
            case ModelCallFailed x:
                return $"     ✗ no answer: {x.Message}";
            case ModelCallCutOff:
                return "     ✗ answer cut off; what came in is kept";
            case ModelCallFinished x:
                foreach (var call in x.Calls.Where(c => !c.Problem.IsNone))
                {
                    Console.WriteLine(Safe.Line($"     ✗ {call.Tool}: invalid call, not executed", Width));
                }

                return null;
            case ToolCallStarted x:
                _calls[x.Call] = (x.Tool, Body is null ? "" : CallText.Of(x.Tool, Body(x.Arguments)));
                return null;
            case ToolCallDenied x:
                return $"     ✗ {x.Tool}: denied by policy ({(x.Policy.Rules.IsEmpty ? "no rule permits it" : string.Join(", ", x.Policy.Rules))})";
            case ToolCallFinished x:
                var (tool, arguments) = _calls.GetValueOrDefault(x.Call, ("tool", ""));
                var mark = x.Status == ToolStatus.Ok ? "✓" : "✗";
                var changed = x.FilesChanged > 0 ? string.Create(CultureInfo.InvariantCulture, $"  [{x.FilesChanged} changed]") : "";
                var status = x.Status == ToolStatus.Ok ? "" : $"  ({x.Status.ToString().ToLowerInvariant()})";
                return string.Create(CultureInfo.InvariantCulture, $"     {mark} {tool} {arguments}{status}{changed}  {x.Milliseconds} ms");
            case JudgeStarted:
                return "     ⚖ the judge runs the tests";
            case JudgeFinished x:
                return $"     ⚖ {(x.Passed ? "accepted" : "not accepted")}";
            case MergeFinished x:
                return $"     ⇒ merge: {x.Message}";
            case RunRolledBack x:
                return $"↶ rolled back to {x.To}";
            case RunStopRequested x:
                return $"‖ {x.Reason}";
            default:
                return null;
        }
    }
}
