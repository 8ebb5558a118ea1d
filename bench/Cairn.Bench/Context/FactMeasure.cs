using System.Globalization;
using System.Text;
using Cairn.Kernel;
using K = Cairn.Kernel.Kernel;
using RunState = Cairn.Kernel.RunState;

namespace Cairn.Bench.Context;

/// <summary>
/// Plants facts early in a run, works on until room was made many times, and looks which of them the prompt still holds: in full,
/// or by an address under which the agent gets them back. Beside it, what a prompt holds that keeps the newest messages only.
/// </summary>
internal sealed class FactMeasure
{
    /// <param name="Kind">What kind of fact.</param>
    /// <param name="Planted">How many.</param>
    /// <param name="Full">How many the prompt holds.</param>
    /// <param name="Named">How many more it names by an address.</param>
    /// <param name="Truncated">How many a prompt of the newest messages holds.</param>
    public sealed record Row(string Kind, int Planted, int Full, int Named, int Truncated);

    private const int Window = 100_000;
    private const int Moves = 6;

    private readonly Dictionary<BlobHash, byte[]> _bodies = [];
    private RunState _state = RunState.New;

    public static IEnumerable<Row> Run(int facts)
    {
        foreach (var kind in new[] { "task", "list of things to do", "notes", "open errors", "answers of people", "pinned answers", "files and versions" })
        {
            yield return new FactMeasure().Measure(kind, facts);
        }
    }

    private Row Measure(string kind, int facts)
    {
        var words = Enumerable.Range(0, facts).Select(i => string.Create(CultureInfo.InvariantCulture, $"fact-{i}-{BlobHash.OfText($"{kind}{i}").Short}")).ToList();
        Happen(new RunStarted(
            K.Version, new AgentSpec(AgentKind.Model, "bench", Text("You work."), default, 500, [new("read_file", EffectClass.Pure), new("ask_human", EffectClass.Pure)]),
            Text(kind == "task" ? string.Join('\n', words) : "do it"), "bench", "/repo", [], new("bench:one", Window, 4_000, Recorded: true),
            new() { Steps = int.MaxValue, ErrorsInARow = int.MaxValue }, MergeMode.Never, null) { Fence = BlobHash.OfText("bench"), ContextRules = ContextState.Rules });
        var planted = Plant(kind, words);
        for (var moves = _state.Context!.Moves; _state.Context.Moves < moves + Moves;)
        {
            Turn("work " + new string('x', 400), 1_500, null);
        }

        var ask = K.Decide(_state).OfType<AskModel>().Single();
        var prompt = string.Join('\n', PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, h => _bodies[h]).Messages.Select(m => m.Text));
        var full = words.Count(w => prompt.Contains(w, StringComparison.Ordinal));
        var named = words.Where((w, i) => !prompt.Contains(w, StringComparison.Ordinal) && planted[i].Length > 0 && prompt.Contains($"`recall` {planted[i]}", StringComparison.Ordinal)).Count();
        return new(kind, facts, full, named, Truncated(words));
    }

    /// <summary>Plants the facts; gives each one's address, "" for those without.</summary>
    private List<string> Plant(string kind, List<string> words)
    {
        var all = string.Join('\n', words);
        string Each(string word) => kind switch
        {
            "open errors" => Turn(word, 40, new() { IsError = true, Subject = word }),
            "pinned answers" => Pinned(word),
            "files and versions" => Turn($"src/{word}.cs", 40, new() { Files = [new($"src/{word}.cs", BlobHash.OfText(word))] }),
            "answers of people" => Asked(word),
            _ => "",
        };
        switch (kind)
        {
            case "list of things to do":
                Turn(all, words.Count * 14, new() { Slot = ContextReport.Todo });
                break;
            case "notes":
                Turn(all, words.Count * 14, new() { Slot = ContextReport.Scratchpad });
                break;
            default:
                return [.. words.Select(Each)];
        }

        return [.. words.Select(_ => "")];
    }

    private string Pinned(string word)
    {
        var address = Turn(word, 40, null);
        Turn("pinned", 5, new() { Pin = address });
        return address;
    }

    private string Asked(string word)
    {
        var call = Answer("ask_human");
        var ask = K.Decide(_state).OfType<AskHuman>().Single();
        Happen(new DecisionRequested(ask.Decision, ask.Kind, Put("which?"), [], call.Id));
        Happen(new DecisionMade(ask.Decision, Put(word), 20, true, "human"));
        return ContextAddress.Result(call.Id);
    }

    private string Turn(string text, int tokens, ContextReport? report)
    {
        var call = Answer("read_file");
        Happen(new ToolCallStarted(call.Id, _state.Step, call.Tool, call.Arguments, call.Effect, null, default));
        Happen(new ToolCallFinished(call.Id, ToolStatus.Ok, Put(text), tokens, null, 0, ToolSignal.None, null, 1) { Context = report });
        return ContextAddress.Result(call.Id);
    }

    private TurnCall Answer(string tool)
    {
        var ask = K.Decide(_state).OfType<AskModel>().Single();
        Happen(new ModelCallStarted(ask.Step, ask.Attempt, ask.Plan.Model.Id, default, ask.Reserve.Tokens, ask.Reserve.Usd, default) { Context = ask.Context });
        var response = CairnJson.Bytes(new ModelResponse { Text = "go on", ToolCalls = [new("m", tool, "{}")] }, CairnJson.Default.ModelResponse);
        Happen(new ModelCallFinished(ask.Step, Put(response), 60, new(10, 10), 0, FinishReason.ToolCalls, [new("m", tool, BlobHash.OfText($"{_state.Count}"), default, 0)]));
        return _state.Turn!.Calls[0];
    }

    /// <summary>System, task and as many of the newest messages as the same window has room for.</summary>
    private int Truncated(List<string> words)
    {
        var left = Room.Of(_state);
        var text = new StringBuilder(Encoding.UTF8.GetString(_bodies[_state.Spec.Task.Body]));
        for (var i = _state.History.Count - 1; i >= 0 && left > 0; i--)
        {
            left -= _state.History[i].Tokens([]);
            foreach (var call in left > 0 ? _state.History[i].Turn?.Calls ?? [] : [])
            {
                text.Append('\n').Append(Encoding.UTF8.GetString(_bodies[call.Result]));
            }
        }

        var kept = text.ToString();
        return words.Count(w => kept.Contains(w, StringComparison.Ordinal));
    }

    private TextSource Text(string text) => new("", Put(text), TokenEstimate.UpperBound(text.Length));

    private BlobHash Put(string text) => Put(Encoding.UTF8.GetBytes(text));

    private BlobHash Put(byte[] bytes)
    {
        var hash = BlobHash.Of(bytes);
        _bodies[hash] = bytes;
        return hash;
    }

    private void Happen(RunEvent e) => _state = K.Apply(_state, e);
}
