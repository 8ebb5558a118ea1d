using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>One thing of a step that another run may have done otherwise.</summary>
/// <param name="What">The word for it in <see cref="RunDifference.What"/>.</param>
/// <param name="Record">Its place in the run's history.</param>
/// <param name="Text">What is compared.</param>
internal sealed record StoryFact(string What, long Record, string Text);

/// <summary>A step as it is compared: its facts in the order in which they count, whatever the order in which they came.</summary>
internal sealed class StoryStep(int number)
{
    private readonly List<StoryFact> _asked = [];
    private readonly List<StoryFact> _after = [];
    private readonly List<Call> _calls = [];

    public int Number { get; } = number;

    public string? Model { get; set; }

    public int Attempts { get; set; }

    public ModelUsage Usage { get; set; }

    public decimal Usd { get; set; }

    public bool? Verdict { get; set; }

    /// <summary>Reading calls run side by side and end in any order; here they stand in the order of the turn.</summary>
    public IEnumerable<StoryFact> Facts => [.. _asked, .. _calls.SelectMany(c => c.Facts), .. _after];

    public StepView View => new(
        Number, Model, Attempts, [.. _calls.Select(c => new StepCall(c.Tool, c.Status))], Usage, Usd, _calls.Sum(c => c.FilesChanged), Verdict);

    /// <summary>A fact before the tool calls; a later attempt's takes the place of an earlier one's.</summary>
    public void Ask(string what, long record, string text)
    {
        _asked.RemoveAll(f => f.What == what);
        _asked.Add(new(what, record, text));
    }

    /// <summary>A fact behind the tool calls.</summary>
    public void Follow(string what, long record, string text) => _after.Add(new(what, record, text));

    public void AddCall(string tool, StoryFact arguments) => _calls.Add(new(tool, arguments));

    /// <summary>The result of the call at a place of the turn.</summary>
    public void Finish(int index, ToolStatus status, int filesChanged, long record, string result)
    {
        var call = _calls[index];
        (call.Status, call.FilesChanged) = (status, filesChanged);
        call.Facts.Add(new("status", record, status.ToString()));
        call.Facts.Add(new("result", record, result));
    }

    private sealed class Call(string tool, StoryFact arguments)
    {
        public string Tool { get; } = tool;

        public List<StoryFact> Facts { get; } = [arguments];

        public ToolStatus? Status { get; set; }

        public int FilesChanged { get; set; }
    }
}
