using System.Text;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>What the kernel itself tells an agent. The texts are fixed, so their hashes are part of the rules.</summary>
public static class Notes
{
    /// <summary>For an answer that calls no tool.</summary>
    public static readonly TextSource NoToolCalled = Make(
        "You called no tool. Go on with the task; when it is done, or cannot be done, call `complete`.");

    /// <summary>For an answer that hit the limit of output tokens.</summary>
    public static readonly TextSource Cut = Make(
        "Your answer hit the limit of output tokens and was cut. Go on in smaller steps.");

    /// <summary>The text of a note, when it is one of the kernel's own.</summary>
    public static string? TextOf(BlobHash hash) =>
        hash == NoToolCalled.Body ? NoToolCalled.Source : hash == Cut.Body ? Cut.Source : null;

    private static TextSource Make(string text) =>
        new(text, BlobHash.OfText(text), TokenEstimate.UpperBound(Encoding.UTF8.GetByteCount(text)));
}

/// <summary>The tools that the kernel itself answers.</summary>
public static class KernelTools
{
    /// <summary>Asks a human.</summary>
    public const string AskHuman = "ask_human";

    /// <summary>Starts runs below the one that calls it.</summary>
    public const string Spawn = "spawn_run";

    /// <summary>Asks a model a single question, for agents that are programs.</summary>
    public const string AskModel = "ask_model";

    /// <summary>Says that the task is done or cannot be done.</summary>
    public const string Complete = "complete";

    /// <summary>Brings back what was left out of the prompt.</summary>
    public const string Recall = "recall";

    /// <summary>Searches the tools that are not described in the prompt.</summary>
    public const string FindTools = "find_tools";

    /// <summary>Calls one of them.</summary>
    public const string UseTool = "use_tool";

    /// <summary>Keeps something in the prompt, or no longer.</summary>
    public const string Pin = "pin";
}
