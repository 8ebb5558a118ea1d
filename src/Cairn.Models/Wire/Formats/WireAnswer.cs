using System.Collections.Immutable;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>An answer while it is collected: whole only when <see cref="Stop"/> is set.</summary>
internal sealed class WireAnswer : IAnswerSink
{
    private readonly StringBuilder _open = new();
    private WirePart? _part;

    public string Model { get; private set; } = "";

    public List<WirePart> Parts { get; } = [];

    public WireUsage Usage { get; private set; }

    public WireStop? Stop { get; private set; }

    public WireError? Error { get; private set; }

    public bool IsWhole => Stop is not null && Error is null;

    public string Text => string.Concat(Parts.Where(p => p.Kind == WirePartKind.Text).Select(p => p.Text));

    public void Begin(string model) => Model = model;

    void IAnswerSink.Text(string text) => Grow(WirePartKind.Text, text);

    void IAnswerSink.Reasoning(string text) => Grow(WirePartKind.Reasoning, text);

    public void ReasoningDone(OpaqueReasoning? opaque)
    {
        if (_part?.Kind != WirePartKind.Reasoning)
        {
            if (opaque is null)
            {
                return;
            }

            Close();
            _part = new(WirePartKind.Reasoning);
        }

        _part = _part! with { Opaque = opaque };
        Close();
    }

    public void CallBegin(string id, string name, bool custom)
    {
        Close();
        _part = new(WirePartKind.Call) { Id = id, Name = name, IsCustom = custom };
    }

    public void CallArguments(string fragment) => _open.Append(fragment);

    public void CallEnd() => Close();

    void IAnswerSink.Usage(WireUsage usage) => Usage = usage;

    public void End(WireStop stop)
    {
        Close();
        Stop = stop;
    }

    public void Fail(WireError error)
    {
        Close();
        Error ??= error;
    }

    /// <summary>The answer as the journal knows answers.</summary>
    public ModelResponse ToResponse() => new()
    {
        Text = Text,
        ToolCalls = [.. Parts.Where(p => p.Kind == WirePartKind.Call).Select(p => new ModelToolCall(p.Id, p.Name, p.Arguments))],
        Finish = Stop switch
        {
            WireStop.Calls => FinishReason.ToolCalls,
            WireStop.Length => FinishReason.Length,
            WireStop.Refused => FinishReason.Refused,
            _ => FinishReason.Stop,
        },
        Usage = new(Usage.Input, Usage.Output, Usage.Cached),
        Model = Model,
    };

    private void Grow(WirePartKind kind, string text)
    {
        if (_part?.Kind != kind)
        {
            Close();
            _part = new(kind);
        }

        _open.Append(text);
    }

    private void Close()
    {
        if (_part is { } part)
        {
            var text = _open.ToString();
            Parts.Add(part.Kind == WirePartKind.Call
                ? part with { Arguments = part.IsCustom ? text : ToolCallArguments.OrEmptyObject(text) }
                : part with { Text = text });
        }

        _part = null;
        _open.Clear();
    }
}
