using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Models;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>What was predicted of a model, and what came.</summary>
/// <param name="Model">provider:name.</param>
/// <param name="Asked">Calls that it was asked for.</param>
/// <param name="Answered">Calls that it answered.</param>
/// <param name="Chosen">Answers of it that counted.</param>
/// <param name="PredictedMs">Mean prediction of the answered calls that had one, in milliseconds.</param>
/// <param name="ActualMs">Mean time of the same calls.</param>
/// <param name="PredictedUsd">Mean prediction of the answered calls that had one, in US dollars.</param>
/// <param name="ActualUsd">Mean price of the same calls.</param>
public sealed record RouteStats(
    string Model, int Asked, int Answered, int Chosen, double? PredictedMs, double? ActualMs, decimal? PredictedUsd, decimal? ActualUsd);

/// <summary>What routes there are.</summary>
/// <param name="File">The registry file.</param>
/// <param name="Policies">The policies.</param>
/// <param name="Models">The registered models.</param>
public sealed record RouteListView(string File, IReadOnlyList<RoutePolicyView> Policies, IReadOnlyList<RouteModelView> Models);

/// <summary>A policy for people and programs: the weights of the parts of a score, and what else decides.</summary>
/// <param name="Name">What stands behind route:.</param>
/// <param name="Version">Grows with each change.</param>
/// <param name="Hash">The hash that decisions name.</param>
/// <param name="Skill">The kind of work whose quality counts.</param>
/// <param name="Quality">Weight of judged quality.</param>
/// <param name="Cost">Weight of a low price.</param>
/// <param name="Speed">Weight of a quick answer.</param>
/// <param name="Reliability">Weight of answered calls.</param>
/// <param name="Tolerance">How far below the best quality a model may lie.</param>
/// <param name="Voters">Models asked at once.</param>
/// <param name="Quorum">How many of them must agree.</param>
public sealed record RoutePolicyView(
    string Name, int Version, BlobHash Hash, ModelSkill Skill, double Quality, double Cost, double Speed, double Reliability, double Tolerance, int Voters, int Quorum);

/// <summary>A registered model for people and programs.</summary>
/// <param name="Model">provider:name.</param>
/// <param name="Quality">Judged quality by skill.</param>
/// <param name="Capabilities">What it can do.</param>
/// <param name="Concurrency">Calls under way at once.</param>
/// <param name="TokensPerMinute">Tokens in a minute; null for any number.</param>
public sealed record RouteModelView(
    string Model, IReadOnlyDictionary<ModelSkill, double> Quality, IReadOnlyList<ModelCapability> Capabilities, int Concurrency, int? TokensPerMinute);

/// <summary>Routed calls for people and programs.</summary>
public static class RouteViews
{
    /// <summary>The routed call that an event records; null when nobody chose.</summary>
    public static BlobHash? Of(RunEvent e) => RouteProof.Of(e);

    /// <summary>Prediction against reality, model by model.</summary>
    public static IReadOnlyList<RouteStats> Stats(IEnumerable<RouteRecord> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        var asked = records.SelectMany(r => r.Attempts.Select(a => (Attempt: a, Chosen: r.Chosen == a.Model, Score: r.Decision.Scores.First(s => s.Model == a.Model))));
        return [.. asked.GroupBy(x => x.Attempt.Model).OrderBy(g => g.Key, StringComparer.Ordinal).Select(group =>
        {
            var answered = group.Where(x => x.Attempt.Outcome == "answered").ToList();
            var timed = answered.Where(x => x.Score.PredictedMs is not null).ToList();
            var priced = answered.Where(x => x.Score.PredictedUsd is not null && x.Attempt.Usd is not null).ToList();
            return new RouteStats(
                group.Key, group.Count(), answered.Count, group.Count(x => x.Chosen),
                timed.Count == 0 ? null : timed.Average(x => x.Score.PredictedMs), timed.Count == 0 ? null : timed.Average(x => x.Attempt.Ms),
                priced.Count == 0 ? null : priced.Average(x => x.Score.PredictedUsd), priced.Count == 0 ? null : priced.Average(x => x.Attempt.Usd));
        })];
    }

    /// <summary>The shipped policies and the user's models.</summary>
    /// <exception cref="CairnException">The registry file cannot be read.</exception>
    public static RouteListView List(Func<string, string?> environment)
    {
        try
        {
            return new(
                ModelRegistry.PathOf(environment),
                [.. RoutePolicy.Shipped.Select(p => new RoutePolicyView(
                    p.Name, p.Version, p.Hash(), p.Skill, p.Quality, p.Cost, p.Speed, p.Reliability, p.Tolerance, p.Voters, p.Quorum))],
                [.. ModelRegistry.Load(environment).Models.Select(m => new RouteModelView(m.Model, m.Quality, m.Capabilities, m.Concurrency, m.TokensPerMinute))]);
        }
        catch (FormatException e)
        {
            throw new UserException(e.Message, e);
        }
    }
}
