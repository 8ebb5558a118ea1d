using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Checks a move in the step that makes it: whatever must survive is in the prompt, whole, summarised or at least by its
/// address. What is missing is put back. Task, role and rules are no part of what moves, so no move can lose them.
/// </summary>
internal static class ContextAudit
{
    /// <summary>The addresses of what must survive and cannot be found in a prompt with that window.</summary>
    public static ImmutableArray<string> Missing(RunState state, ContextWindow window)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var text in window.Carried?.Texts ?? [])
        {
            found.Add(text.Address);
        }

        var missing = ImmutableArray.CreateBuilder<string>();
        foreach (var address in new Survivors(state).Addresses)
        {
            if (!found.Contains(address) && !IsNamed(window, address) && !IsThere(state, window, address))
            {
                missing.Add(address);
            }
        }

        return missing.ToImmutable();
    }

    /// <summary>The window with whatever was missing put back by its address, and how much that was.</summary>
    public static (ContextWindow Window, int Restored) Restore(RunState state, ContextWindow window)
    {
        var missing = Missing(state, window);
        if (missing.IsEmpty)
        {
            return (window, 0);
        }

        var carried = window.Carried ?? new Carried(window.First, [], [], 0);
        ImmutableArray<string> lines = [.. missing.Select(address => $"Not to be lost: `recall` {address}"), .. carried.Lines];
        var tokens = carried.Tokens + missing.Sum(address => TokenEstimate.Bytes(address) + 16);
        return (new ContextWindow(window.First, window.Forms, carried with { Lines = lines, Tokens = tokens }), missing.Length);
    }

    private static bool IsNamed(ContextWindow window, string address)
    {
        foreach (var line in window.Carried?.Lines ?? [])
        {
            if (line.EndsWith($"`recall` {address}", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsThere(RunState state, ContextWindow window, string address)
    {
        for (var i = window.First; i < state.History.Count; i++)
        {
            var calls = state.History[i].Turn?.Calls ?? [];
            for (var c = 0; c < calls.Length; c++)
            {
                if (ContextAddress.Result(calls[c].Id) == address)
                {
                    return window[i, c] == PageForm.Whole;
                }
            }
        }

        return false;
    }
}
