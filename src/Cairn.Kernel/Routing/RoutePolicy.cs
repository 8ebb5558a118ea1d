using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>How models are weighed for one kind of request. Its hash covers every field, so a decision names exactly the rules it was made by.</summary>
/// <param name="Name">The name that a model id takes: route:NAME.</param>
/// <param name="Version">Grows with each change of the rules.</param>
/// <param name="Skill">The kind of work whose quality counts.</param>
/// <param name="Quality">Weight of judged quality.</param>
/// <param name="Cost">Weight of a low price.</param>
/// <param name="Speed">Weight of a quick answer.</param>
/// <param name="Reliability">Weight of answered calls.</param>
/// <param name="Tolerance">
/// How far below the best candidate's quality another may lie and still be chosen: what makes sure that a cheap bad model
/// never wins by its price.
/// </param>
public sealed record RoutePolicy(
    string Name, int Version, ModelSkill Skill, double Quality, double Cost, double Speed, double Reliability, double Tolerance)
{
    /// <summary>How many models are asked at once; their answers must agree when there are several.</summary>
    public int Voters { get; init; } = 1;

    /// <summary>How many of the voters must agree.</summary>
    public int Quorum { get; init; } = 1;

    /// <summary>Prompts may be as long as the largest window allows; otherwise every candidate's window must take them.</summary>
    public bool LargestWindow { get; init; }

    /// <summary>The policies that Cairn ships.</summary>
    public static ImmutableArray<RoutePolicy> Shipped { get; } =
    [
        new("general", 1, ModelSkill.General, 0.45, 0.25, 0.15, 0.15, 0.25),
        new("coding", 1, ModelSkill.Coding, 0.6, 0.15, 0.1, 0.15, 0.15),
        new("reasoning", 1, ModelSkill.Reasoning, 0.7, 0.1, 0.05, 0.15, 0.1),
        new("tools", 1, ModelSkill.ToolUse, 0.5, 0.15, 0.15, 0.2, 0.15),
        new("long-context", 1, ModelSkill.General, 0.45, 0.3, 0.1, 0.15, 0.25) { LargestWindow = true },
        new("low-latency", 1, ModelSkill.General, 0.2, 0.05, 0.6, 0.15, 0.4),
        new("cheapest", 1, ModelSkill.General, 0.1, 0.8, 0, 0.1, 0.5),
        new("consensus", 1, ModelSkill.Coding, 0.6, 0.1, 0.1, 0.2, 0.2) { Voters = 3, Quorum = 2 },
    ];

    /// <summary>Name and version, as decisions name it.</summary>
    public string Id => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Name}/{Version}");

    /// <summary>A shipped policy by its name; null when there is none.</summary>
    public static RoutePolicy? Find(string name) => Shipped.FirstOrDefault(p => p.Name == name);

    /// <summary>The hash of the whole definition.</summary>
    public BlobHash Hash() => BlobHash.Of(JsonSerializer.SerializeToUtf8Bytes(this, KernelJson.Default.RoutePolicy));
}
