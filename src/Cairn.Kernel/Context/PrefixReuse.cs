namespace Cairn.Kernel;

/// <summary>What two prompts that follow each other have in common at their beginning: what a provider's cache can serve.</summary>
public static class PrefixReuse
{
    /// <summary>
    /// Tokens of the prompt before that could have been the beginning of this one: a common beginning is no longer than either of
    /// the two (the last line, which is new in every prompt, left out). And tokens that are.
    /// </summary>
    public static (long Bound, long Shared) Between(PromptPlan before, PromptPlan now)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        long shared = Room.Fixed(now.Spec);
        var bound = Math.Min(Size(before), Size(now));
        if (before.Window.Digest == now.Window.Digest)
        {
            shared += now.Window.Carried?.Tokens ?? 0;
        }
        else if (before.Window.Carried is not null || now.Window.Carried is not null)
        {
            // What is carried on stands before the turns: a move always changes it.
            return (bound, Math.Min(shared, bound));
        }

        for (var i = now.Window.First; i < Math.Min(before.History.Count, now.History.Count) && Same(before, now, i); i++)
        {
            shared += now.History[i].Tokens(now.Window.Of(i).AsSpan());
        }

        return (bound, Math.Min(shared, bound));
    }

    /// <summary>Tokens of a prompt without its last line.</summary>
    public static long Size(PromptPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var sum = Room.Fixed(plan.Spec) + (long)(plan.Window.Carried?.Tokens ?? 0);
        for (var i = plan.Window.First; i < plan.History.Count; i++)
        {
            sum += plan.History[i].Tokens(plan.Window.Of(i).AsSpan());
        }

        return sum;
    }

    private static bool Same(PromptPlan before, PromptPlan now, int entry) =>
        before.Window.First == now.Window.First && ReferenceEquals(before.History[entry], now.History[entry])
        && before.Window.Of(entry).AsSpan().SequenceEqual(now.Window.Of(entry).AsSpan());
}
