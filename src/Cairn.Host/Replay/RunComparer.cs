using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Finds where two runs part. Reads journals, bodies and layers; changes nothing and asks nobody.</summary>
internal sealed class RunComparer(IJournal journal, IBlobStore blobs, ILayerStore layers)
{
    /// <summary>Characters of a differing text that are shown.</summary>
    private const int MaxShown = 600;

    /// <summary>Characters before the difference that are shown with it.</summary>
    private const int Before = 40;

    /// <summary>The comparison of two runs.</summary>
    public ComparisonView Compare(RunSummary first, RunSummary second)
    {
        var left = RunHistory.Records(journal, first.Id);
        var right = RunHistory.Records(journal, second.Id);
        RunEvent[] leftEvents = [.. left.Select(r => r.Event)], rightEvents = [.. right.Select(r => r.Event)];
        var (a, b) = (RunStory.Of(leftEvents, blobs), RunStory.Of(rightEvents, blobs));
        RunDifference? difference = null;
        var pairs = ImmutableArray.CreateBuilder<StepPair>();
        for (var i = 0; i < Math.Max(a.Count, b.Count); i++)
        {
            var (x, y) = (i < a.Count ? a[i] : null, i < b.Count ? b[i] : null);
            var differs = Differences(x, y);
            difference ??= differs.Count == 0 ? null : Describe(x?.Number ?? y!.Number, differs[0], leftEvents, rightEvents);
            pairs.Add(new(x?.View, y?.View, [.. differs.SelectMany(d => new[] { d.First?.What, d.Second?.What }).OfType<string>().Distinct()]));
        }

        return new(
            first, second, left.Zip(right).TakeWhile(p => p.First.Run == p.Second.Run && p.First.Seq == p.Second.Seq && p.First.Chain == p.Second.Chain).Count(),
            Math.Max(0, pairs.TakeWhile(p => p.Differs.IsEmpty).Count() - 1), difference, pairs.ToImmutable(), Files(first, second));
    }

    /// <summary>Facts are paired in order; what only one side has is a difference, so a run that is cut short never equals the whole.</summary>
    private static List<(StoryFact? First, StoryFact? Second)> Differences(StoryStep? first, StoryStep? second)
    {
        StoryFact[] a = [.. first?.Facts ?? []], b = [.. second?.Facts ?? []];
        var differs = new List<(StoryFact?, StoryFact?)>();
        for (var i = 0; i < Math.Max(a.Length, b.Length); i++)
        {
            var (x, y) = (i < a.Length ? a[i] : null, i < b.Length ? b[i] : null);
            if (x is null || y is null || x.What != y.What || x.Text != y.Text)
            {
                differs.Add((x, y));
            }
        }

        return differs;
    }

    private RunDifference Describe(int step, (StoryFact? First, StoryFact? Second) differs, RunEvent[] left, RunEvent[] right)
    {
        var (a, b) = differs;
        if (a is null || b is null || a.What != b.What)
        {
            var what = a is null ? b!.What : a.What;
            var detail = a is null ? "the first run ends before this" : b is null ? "the second run ends before this" : $"the first run goes on with its {a.What}, the second with its {b.What}";
            return new(step, what, a?.Record, b?.Record, Cut(a?.Text, 0), Cut(b?.Text, 0), detail);
        }

        var (textA, textB, where) = a.What == "prompt" ? Prompts(left, a.Record, right, b.Record) : (a.Text, b.Text, "");
        var at = textA.AsSpan().CommonPrefixLength(textB);
        return new(step, a.What, a.Record, b.Record, Cut(textA, at), Cut(textB, at), string.Create(
            CultureInfo.InvariantCulture, $"{where}from character {at} on ({textA.Length} and {textB.Length} characters)"));
    }

    /// <summary>The first message of two prompts that differs.</summary>
    private (string First, string Second, string Where) Prompts(RunEvent[] left, long at, RunEvent[] right, long other)
    {
        var (a, b) = (Render(left, at), Render(right, other));
        for (var i = 0; i < Math.Max(a.Messages.Length, b.Messages.Length); i++)
        {
            var (x, y) = (Text(a, i), Text(b, i));
            if (x != y)
            {
                return (x, y, string.Create(CultureInfo.InvariantCulture, $"message {i + 1} of {a.Messages.Length} and {b.Messages.Length}, "));
            }
        }

        return (Json(a), Json(b), "the messages are the same, the rest of the request is not: ");
    }

    private ModelRequest Render(RunEvent[] events, long at)
    {
        var state = Kernel.Kernel.Fold(events.Take((int)at));
        return Kernel.Kernel.Decide(state).OfType<AskModel>().FirstOrDefault() is { } ask
            ? PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, blobs.Get)
            : throw new InvalidDataException($"No prompt is due at record {at}: `cairn replay --verify` says what is wrong with the run.");
    }

    private static string Text(ModelRequest request, int index)
    {
        if (index >= request.Messages.Length)
        {
            return "";
        }

        var message = request.Messages[index];
        var text = new StringBuilder($"{message.Role}: {message.Text}");
        foreach (var call in message.ToolCalls)
        {
            text.Append($"\n{call.Name} {call.Arguments} ({call.Id})");
        }

        return text.Append(message.ToolCallId is null ? "" : $"\n(answer to {message.ToolCallId})")
            .Append(message.IsError ? "\n(an error)" : "").Append(message.Reasoning is null ? "" : $"\n{message.Reasoning}").ToString();
    }

    private static string Json(ModelRequest request) =>
        Encoding.UTF8.GetString(PromptRenderer.CanonicalBytes(request with { Messages = [] }));

    private static string? Cut(string? text, int at)
    {
        if (text is null)
        {
            return null;
        }

        var start = Math.Max(0, at - Before);
        return text.Length - start > MaxShown ? string.Concat(text.AsSpan(start, MaxShown), "…") : text[start..];
    }

    private ImmutableArray<FileDifference> Files(RunSummary first, RunSummary second)
    {
        var a = layers.NetChanges(first.Layer, null).ToDictionary(c => c.Path, StringComparer.Ordinal);
        var b = layers.NetChanges(second.Layer, null).ToDictionary(c => c.Path, StringComparer.Ordinal);
        return
        [
            .. a.Keys.Union(b.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(path => new FileDifference(path, a.GetValueOrDefault(path), b.GetValueOrDefault(path)))
                .Where(f => f.First is not { } x || f.Second is not { } y || (x.Kind, x.After, x.AfterMode) != (y.Kind, y.After, y.AfterMode)
                    || (x.Change == ChangeKind.Deleted) != (y.Change == ChangeKind.Deleted)),
        ];
    }
}
