namespace Cairn.Models;

/// <summary>Tells two sinks of the same answer: the one that keeps it and the one that passes it on.</summary>
internal sealed class TeeSink(IAnswerSink kept, IAnswerSink passed) : IAnswerSink
{
    public void Begin(string model)
    {
        kept.Begin(model);
        passed.Begin(model);
    }

    public void Text(string text)
    {
        kept.Text(text);
        passed.Text(text);
    }

    public void Refusal(string text)
    {
        kept.Refusal(text);
        passed.Refusal(text);
    }

    public void Reasoning(string text)
    {
        kept.Reasoning(text);
        passed.Reasoning(text);
    }

    public void ReasoningDone(OpaqueReasoning? opaque)
    {
        kept.ReasoningDone(opaque);
        passed.ReasoningDone(opaque);
    }

    public void CallBegin(string id, string name, bool custom)
    {
        kept.CallBegin(id, name, custom);
        passed.CallBegin(id, name, custom);
    }

    public void CallArguments(string fragment)
    {
        kept.CallArguments(fragment);
        passed.CallArguments(fragment);
    }

    public void CallEnd()
    {
        kept.CallEnd();
        passed.CallEnd();
    }

    public void Usage(WireUsage usage)
    {
        kept.Usage(usage);
        passed.Usage(usage);
    }

    public void End(WireStop stop)
    {
        kept.End(stop);
        passed.End(stop);
    }

    public void Fail(WireError error)
    {
        kept.Fail(error);
        passed.Fail(error);
    }
}
