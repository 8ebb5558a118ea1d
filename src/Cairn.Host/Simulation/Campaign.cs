using System.Diagnostics;
using System.Globalization;

namespace Cairn.Host.Simulation;

/// <summary>What a campaign plays.</summary>
/// <param name="From">The first seed.</param>
/// <param name="To">The last seed.</param>
public sealed record CampaignOptions(ulong From, ulong To)
{
    /// <summary>One scenario; null for all.</summary>
    public string? Scenario { get; init; }

    /// <summary>One crash point (disk:17, step:40, effect:5, eio:3, enospc:9), or one for each life after commas; null for all.</summary>
    public string? At { get; init; }

    /// <summary>Try only every so many crash points; which ones depends on the seed. 1 for all.</summary>
    public int Every { get; init; } = 1;

    /// <summary>A bug to plant, by name; null for none.</summary>
    public string? Plant { get; init; }

    /// <summary>Stop after so many failures.</summary>
    public int MaxFailures { get; init; } = 20;
}

/// <summary>A trial that went wrong.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Scenario">The scenario.</param>
/// <param name="At">The crash point; null when the job went wrong without a crash.</param>
/// <param name="Findings">What was wrong.</param>
/// <param name="Command">Repeats just this trial.</param>
public sealed record CampaignFailure(ulong Seed, string Scenario, string? At, IReadOnlyList<string> Findings, string Command);

/// <summary>What a campaign brought, so far or as a whole.</summary>
public sealed record CampaignReport
{
    /// <summary>Jobs that were played, from the first start to the end.</summary>
    public long Trials { get; init; }

    /// <summary>Crash points by kind.</summary>
    public IReadOnlyDictionary<string, long> CrashPoints { get; init; } = new Dictionary<string, long>();

    /// <summary>Times that a simulated machine was started, recoveries that were cut off included.</summary>
    public long Lives { get; init; }

    /// <summary>Seconds that passed on the simulated machines.</summary>
    public double SimulatedSeconds { get; init; }

    /// <summary>Seconds that the campaign took.</summary>
    public double RealSeconds { get; init; }

    /// <summary>Simulated over real time.</summary>
    public double Compression => RealSeconds > 0 ? SimulatedSeconds / RealSeconds : 0;

    /// <summary>What went wrong.</summary>
    public IReadOnlyList<CampaignFailure> Failures { get; init; } = [];
}

/// <summary>
/// Plays scenarios on simulated machines: once without a crash, then once for every disk operation, every continuation of
/// the host and every effect, each time with a crash (or a disk error) just there; recovers and compares.
/// </summary>
public sealed class Campaign
{
    private readonly CampaignOptions _options;
    private readonly Plant _plant;
    private readonly IReadOnlyList<CrashPoint>? _only;
    private readonly IReadOnlyList<Scenario> _scenarios;
    private readonly Dictionary<string, long> _points = [];
    private readonly List<CampaignFailure> _failures = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _simulated;
    private long _trials;
    private long _lives;

    /// <summary>Checks the options.</summary>
    /// <exception cref="UserException">When they name something that does not exist.</exception>
    public Campaign(CampaignOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.From > options.To || options.Every < 1)
        {
            throw new UserException("Seeds are given as FIRST..LAST, and every is at least 1.");
        }

        _options = options;
        _only = options.At?.Split(',').Select(CrashPoint.Parse).ToList();
        _scenarios = options.Scenario is null ? Scenarios.All : [Scenarios.Find(options.Scenario)];
        if (!Enum.TryParse(options.Plant ?? nameof(Plant.None), ignoreCase: true, out _plant))
        {
            throw new UserException($"There is no plant '{options.Plant}': there are {string.Join(", ", Plants)}.");
        }
    }

    /// <summary>The scenarios' names.</summary>
    public static IReadOnlyList<string> Names => [.. Scenarios.All.Select(s => s.Name)];

    /// <summary>The bugs that can be planted.</summary>
    public static IReadOnlyList<string> Plants => [.. Enum.GetNames<Plant>().Where(n => n != nameof(Plant.None))];

    /// <summary>Plays everything on this thread; between two trials it can be cancelled, and says what it has so far.</summary>
    public CampaignReport Run(Action<string, CampaignReport>? onScenario, CancellationToken cancellationToken)
    {
        for (var seed = _options.From; ; seed++)
        {
            foreach (var scenario in _scenarios)
            {
                Play(scenario, seed, cancellationToken);
                if (cancellationToken.IsCancellationRequested || _failures.Count >= _options.MaxFailures)
                {
                    return Report();
                }

                onScenario?.Invoke($"seed {seed}, {scenario.Name}", Report());
            }

            if (seed == _options.To)
            {
                return Report();
            }
        }
    }

    private void Play(Scenario scenario, ulong seed, CancellationToken cancellationToken)
    {
        var truth = new Trial(scenario, seed, Plant.None, [], null);
        var whole = truth.Run();
        Count(whole);
        if (truth.Finished is not { } reference)
        {
            Fail(scenario, seed, [], whole);
            return;
        }

        // A planted bug may show without any crash.
        if (_plant != Plant.None && _only is null && Try(scenario, seed, [], reference))
        {
            return;
        }

        foreach (var points in _only is not null ? [_only] : Points(whole, seed).Select(p => (IReadOnlyList<CrashPoint>)[p]))
        {
            if (cancellationToken.IsCancellationRequested || _failures.Count >= _options.MaxFailures)
            {
                return;
            }

            var kind = points[0].Kind.ToString().ToLowerInvariant();
            _points[kind] = _points.GetValueOrDefault(kind) + 1;
            Try(scenario, seed, points, reference);
        }
    }

    private IEnumerable<CrashPoint> Points(TrialResult whole, ulong seed)
    {
        var every = _options.Every;
        (CrashKind Kind, long Count)[] kinds =
        [
            (CrashKind.Effect, 2 * whole.Effects), (CrashKind.Disk, whole.DiskOperations), (CrashKind.Step, whole.Steps),
            (CrashKind.Eio, whole.DiskOperations), (CrashKind.Enospc, whole.DiskOperations),
        ];
        return kinds.SelectMany(kind => Numbers((long)(seed % (ulong)every), kind.Count, every).Select(n => new CrashPoint(kind.Kind, n)));
    }

    private static IEnumerable<long> Numbers(long first, long count, int every)
    {
        for (var i = first; i < count; i += every)
        {
            yield return i;
        }
    }

    private bool Try(Scenario scenario, ulong seed, IReadOnlyList<CrashPoint> points, Reference reference)
    {
        var result = new Trial(scenario, seed, _plant, points, reference).Run();
        Count(result);
        if (result.Findings.Count > 0)
        {
            Fail(scenario, seed, points, result);
        }

        return result.Findings.Count > 0;
    }

    private void Count(TrialResult result)
    {
        _trials++;
        _lives += result.Lives;
        _simulated += result.Simulated;
    }

    private void Fail(Scenario scenario, ulong seed, IReadOnlyList<CrashPoint> points, TrialResult result)
    {
        var at = points.Count == 0 ? null : string.Join(',', points);
        var command = string.Create(CultureInfo.InvariantCulture,
            $"cairn simulate --seeds {seed}..{seed} --scenario {scenario.Name}{(at is null ? "" : $" --at {at}")}{(_plant == Plant.None ? "" : $" --plant {_plant}")}");
        _failures.Add(new(seed, scenario.Name, at, result.Findings, command));
    }

    private CampaignReport Report() => new()
    {
        Trials = _trials,
        CrashPoints = new Dictionary<string, long>(_points),
        Lives = _lives,
        SimulatedSeconds = _simulated.TotalSeconds,
        RealSeconds = Stopwatch.GetElapsedTime(_start).TotalSeconds,
        Failures = [.. _failures],
    };
}
