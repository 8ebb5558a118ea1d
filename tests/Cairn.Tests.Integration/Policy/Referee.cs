using System.Text.Json;
using Cairn.Kernel.Cedar;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Policy;

/// <summary>Asks the reference implementation and ours the same, and tells where they disagree.</summary>
internal static class Referee
{
    public const string LockFile = "cedar-wasm-4.13.0.package-lock.json";

    /// <summary>Cases of one process: few enough that it ends well within the limit of a program.</summary>
    private const int Batch = 5000;

    /// <summary>How often each thing happened, so that a test can tell a campaign that tests nothing.</summary>
    public sealed record Tally(int Cases, int Refused, int Allowed, int Denied, int WithErrors, List<string> Disagreements);

    public static async Task<Tally> CompareAsync(int seed, int count, CancellationToken cancellationToken)
    {
        var modules = await PackageCache.OfUser.NodeModulesAsync(LockFile, cancellationToken);
        var directory = Directory.CreateTempSubdirectory("cairn-referee-").FullName;
        try
        {
            var script = Path.Combine(directory, "referee.mjs");
            await using (var source = typeof(Referee).Assembly.GetManifestResourceStream("referee.mjs")!)
            await using (var target = File.Create(script))
            {
                await source.CopyToAsync(target, cancellationToken);
            }

            var tally = new Tally(0, 0, 0, 0, 0, []);
            for (var first = 0; first < count && tally.Disagreements.Count < 20; first += Batch)
            {
                var cases = Enumerable.Range(first, Math.Min(Batch, count - first)).Select(n => (Number: n, Case: PolicyWriter.Write(seed, n))).ToList();
                var (input, output) = (Path.Combine(directory, "cases"), Path.Combine(directory, "verdicts"));
                await File.WriteAllLinesAsync(input, cases.Select(c => c.Case.ToJson()), cancellationToken);
                (await HostProcess.RunAsync(directory, new Dictionary<string, string>(), cancellationToken, "node", script, modules, input, output)).OrThrow("the referee");
                var verdicts = await File.ReadAllLinesAsync(output, cancellationToken);
                Assert.Equal(cases.Count, verdicts.Length);
                foreach (var ((number, item), verdict) in cases.Zip(verdicts))
                {
                    tally = Judge(tally, $"seed {seed}, case {number}", item, JsonDocument.Parse(verdict).RootElement);
                }
            }

            return tally;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Tally Judge(Tally tally, string place, PolicyCase item, JsonElement theirs)
    {
        tally = tally with { Cases = tally.Cases + 1 };
        var refused = theirs.TryGetProperty("failed", out var why);
        var (mine, problem) = Ours(item);
        string? difference = null;
        if (refused || mine is null)
        {
            tally = tally with { Refused = tally.Refused + (refused ? 1 : 0) };
            difference = refused == (mine is null) ? null : refused ? $"the reference refuses it: {why}" : $"only we refuse it: {problem}";
        }
        else
        {
            var allowed = theirs.GetProperty("decision").GetString() == "allow";
            tally = allowed ? tally with { Allowed = tally.Allowed + 1 } : tally with { Denied = tally.Denied + 1 };
            tally = tally with { WithErrors = tally.WithErrors + (theirs.GetProperty("errors").GetArrayLength() > 0 ? 1 : 0) };
            var expected = $"{(allowed ? "allow" : "deny")} by [{List(theirs, "reason")}] errors [{List(theirs, "errors")}]";
            var found = $"{(mine.IsAllowed ? "allow" : "deny")} by [{string.Join(' ', mine.DecidingRules.Order(StringComparer.Ordinal))}] "
                + $"errors [{string.Join(' ', mine.Errors.Select(e => e.Rule).Order(StringComparer.Ordinal))}]";
            difference = expected == found ? null : $"reference: {expected} {theirs.GetProperty("messages")}; ours: {found} {string.Join("; ", mine.Errors.Select(e => e.Message))}";
        }

        if (difference is not null)
        {
            tally.Disagreements.Add($"{place}: {difference}\n{item.Policies}\n{item.Template}\n{item.Request.ToJsonString()}");
        }

        return tally;
    }

    private static string List(JsonElement json, string name) => string.Join(' ', json.GetProperty(name).EnumerateArray().Select(e => e.GetString()));

    private static (PolicyDecision? Decision, string Problem) Ours(PolicyCase item)
    {
        var parsed = PolicySet.Parse(item.Policies + "\n" + item.Template, "case");
        if (parsed.Policies is not { } policies)
        {
            return (null, string.Join("; ", parsed.Problems));
        }

        // The reference takes templates apart from the rest only.
        if (policies.Templates.Length > (item.Template is null ? 0 : 1))
        {
            return (null, "a template among the policies");
        }

        using var json = JsonDocument.Parse(item.Request.ToJsonString());
        var request = json.RootElement;
        if (item.Template is not null)
        {
            policies = policies.Link("t0", "link0", Slot(item, "?principal"), Slot(item, "?resource"));
        }

        return (policies.Decide(
            new(
                CedarJson.ReadUid(request.GetProperty("principal"), "principal"),
                CedarJson.ReadUid(request.GetProperty("action"), "action"),
                CedarJson.ReadUid(request.GetProperty("resource"), "resource"),
                CedarJson.ReadRecord(request.GetProperty("context"), "context")),
            CedarJson.ReadEntities(request.GetProperty("entities"))), "");
    }

    private static EntityUid? Slot(PolicyCase item, string name) =>
        item.Slots[name] is { } uid ? new EntityUid((string)uid["type"]!, (string)uid["id"]!) : null;
}
