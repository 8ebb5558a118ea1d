using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>Where two runs part, and what each made of it.</summary>
/// <param name="First">The first run.</param>
/// <param name="Second">The second run.</param>
/// <param name="CommonRecords">Records that are the very same ones because one run is a fork of the other, or both of a third; 0 for runs that share no past.</param>
/// <param name="CommonSteps">Steps from the start on in which nothing differs; the start itself (task, rules, tools) is none.</param>
/// <param name="Difference">The first thing that differs; null when the runs did the same.</param>
/// <param name="Steps">All steps side by side, in the order in which they were taken: after a rollback a number comes again.</param>
/// <param name="Files">Paths that the two leave different, each measured against its own repository.</param>
public sealed record ComparisonView(
    RunSummary First,
    RunSummary Second,
    int CommonRecords,
    int CommonSteps,
    RunDifference? Difference,
    ImmutableArray<StepPair> Steps,
    ImmutableArray<FileDifference> Files)
{
    /// <summary>Neither what was done nor the files differ.</summary>
    public bool Same => Difference is null && Files.IsEmpty;
}

/// <summary>The first thing that differs between two runs.</summary>
/// <param name="Step">The step; 0 is the start.</param>
/// <param name="What">task, agent, rules, limits, judge, model, prompt, answer, finish, tool calls, arguments, status, result, decision, verdict, merge, rollback, outcome or end.</param>
/// <param name="FirstRecord">Place in the first run's history (as in @17); null when it has nothing there.</param>
/// <param name="SecondRecord">Place in the second run's history; null when it has nothing there.</param>
/// <param name="FirstText">What the first run has, from shortly before the difference on, cut short; null when it has nothing there.</param>
/// <param name="SecondText">What the second run has there.</param>
/// <param name="Detail">Where exactly, for people.</param>
public sealed record RunDifference(
    int Step, string What, long? FirstRecord, long? SecondRecord, string? FirstText, string? SecondText, string Detail);

/// <summary>One step of each run, next to each other.</summary>
/// <param name="First">The first run's; null when it has none.</param>
/// <param name="Second">The second run's; null when it has none.</param>
/// <param name="Differs">What differs in it (the words of <see cref="RunDifference.What"/>); empty when nothing does.</param>
public sealed record StepPair(StepView? First, StepView? Second, ImmutableArray<string> Differs);

/// <summary>What a step was, in numbers.</summary>
/// <param name="Step">The step's number; 0 is the start.</param>
/// <param name="Model">provider:name; null for a code agent and for the start.</param>
/// <param name="Attempts">How often the model was asked.</param>
/// <param name="Calls">The tool calls.</param>
/// <param name="Usage">Tokens.</param>
/// <param name="Usd">US dollars.</param>
/// <param name="FilesChanged">Paths that its calls changed.</param>
/// <param name="Verdict">The judge's verdict after it; null when it was not asked.</param>
public sealed record StepView(
    int Step, string? Model, int Attempts, ImmutableArray<StepCall> Calls, ModelUsage Usage, decimal Usd, int FilesChanged, bool? Verdict);

/// <summary>A tool call in one line.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Status">How it ended; null when it has no result.</param>
public sealed record StepCall(string Tool, ToolStatus? Status);

/// <summary>A path that two runs leave different.</summary>
/// <param name="Path">Relative path.</param>
/// <param name="First">What the first run did to it; null when it left it alone.</param>
/// <param name="Second">What the second run did to it; null when it left it alone.</param>
public sealed record FileDifference(string Path, PathChange? First, PathChange? Second);
