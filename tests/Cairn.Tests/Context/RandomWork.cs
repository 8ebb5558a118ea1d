using Cairn.Kernel;
using K = Cairn.Kernel.Kernel;
using RunState = Cairn.Kernel.RunState;

namespace Cairn.Tests.Context;

/// <summary>A run that reads, edits, fails, pins, notes, is told of changes, is refused and goes back, as chance has it.</summary>
internal sealed class RandomWork
{
    private readonly Random _random;
    private int _layers;

    public RandomWork(int seed, string policy, int window, int? rules = ContextState.Rules)
    {
        _random = new(seed);
        Happen(Kernel.Scripted.Spec(
            new() { Steps = int.MaxValue, ErrorsInARow = int.MaxValue, Attempts = int.MaxValue },
            model: new("test:one", window, 2_000, Recorded: true)) with { ContextPolicy = policy, ContextRules = rules });
        Ask();
    }

    public RunState State { get; private set; } = RunState.New;

    public List<RunEvent> Journal { get; } = [];

    /// <summary>The tokens of the prompt that was asked last.</summary>
    public long Asked { get; private set; }

    /// <summary>Room was made for it.</summary>
    public bool Moved { get; private set; }

    public void Step()
    {
        switch (_random.Next(20))
        {
            case 0:
                // What is refused here is far below the window, so that the learned ceiling keeps room for the run to go on.
                Happen(new ModelCallFailed(State.Step, State.FailedAttempts + 1, Asked > 24_000 && State.Context!.Ceiling is null ? ModelErrorKind.TooLong : ModelErrorKind.Unavailable, "no", null));
                Ask();
                return;
            case 1 when State.Checkpoints.Count > 10:
                var to = State.Checkpoints[State.Checkpoints.Count - 1 - _random.Next(8)].Id;
                Happen(new RunRolledBack(to, "test", Continue: true));
                if (State.Phase == RunPhase.Tools)
                {
                    Tools();
                }

                break;
            default:
                var calls = Enumerable.Range(0, _random.Next(1, 4)).Select(i => new RequestedCall(
                    $"m{i}", _random.Next(3) == 0 ? "write" : "read", BlobHash.OfText($"{_random.Next(40)}"), default, 0));
                Happen(new ModelCallFinished(State.Step, BlobHash.OfText("r"), _random.Next(10, 400), new(10, 10), 0, FinishReason.ToolCalls, [.. calls]));
                Tools();
                break;
        }

        if (_random.Next(8) == 0 && State.Context!.Files.Count > 0 && State is { Phase: RunPhase.Model, Started: false })
        {
            var file = State.Context.Files.ElementAt(_random.Next(State.Context.Files.Count)).Key;
            FileMark mark = new(file, BlobHash.OfText($"{_random.Next(9)}"));
            Happen(new FilesNoticed([mark]));
            Happen(new FilesChanged([mark], new("files changed", BlobHash.OfText("n"), _random.Next(10, 600))));
        }

        Ask();
    }

    private void Tools()
    {
        while (State.Phase == RunPhase.Tools && K.Decide(State).OfType<RunTool>().FirstOrDefault() is { } run)
        {
            Happen(new ToolCallStarted(run.Call.Id, run.Step, run.Call.Tool, run.Call.Arguments, run.Call.Effect, run.Layer, default));
            var tokens = _random.Next(50) == 0 ? _random.Next(10_000, 60_000) : _random.Next(1, 3_000);
            LayerId? layer = run.Call.Effect == EffectClass.Sandboxed ? LayerId.Parse($"l{++_layers}") : null;
            Happen(new ToolCallFinished(
                run.Call.Id, _random.Next(6) == 0 ? ToolStatus.Failed : ToolStatus.Ok, BlobHash.OfText("x"), tokens, layer, layer is null ? 0 : 1, ToolSignal.None, null, 1)
            {
                Context = Report(tokens),
            });
        }
    }

    private ContextReport? Report(int tokens) => _random.Next(8) switch
    {
        0 => null,
        1 => new() { Slot = ContextReport.Todo },
        2 => new() { Slot = ContextReport.Scratchpad },
        3 => new() { IsError = true, Subject = $"{_random.Next(6)}", Brief = Brief(tokens) },
        4 => new() { Pin = $"file:{_random.Next(30)}.cs" },
        5 => new() { Unpin = $"file:{_random.Next(30)}.cs", Recalled = $"file:{_random.Next(30)}.cs" },
        _ => new() { Files = [new($"{_random.Next(30)}.cs", BlobHash.OfText($"{_random.Next(3)}")) { From = _random.Next(2) * 10, To = 40, Written = _random.Next(4) == 0 }], Brief = Brief(tokens) },
    };

    private static TextSource? Brief(int tokens) => tokens > 300 ? new("", BlobHash.OfText("b"), tokens / 5) : null;

    private void Ask()
    {
        var ask = K.Decide(State).OfType<AskModel>().Single();
        (Asked, Moved) = (ask.Plan.Tokens, ask.Context is not null);
        Happen(new ModelCallStarted(ask.Step, ask.Attempt, ask.Plan.Model.Id, default, ask.Reserve.Tokens, ask.Reserve.Usd, default) { Context = ask.Context });
    }

    private void Happen(RunEvent e)
    {
        State = K.Apply(State, e);
        Journal.Add(e);
    }
}
