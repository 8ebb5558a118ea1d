using Cairn.Abstractions;
using Cairn.Models;
using Cairn.Sandbox;
using Cairn.Storage;

namespace Cairn.Host;

/// <summary>One thing that was checked.</summary>
/// <param name="Area">sandbox, models, language servers, disk.</param>
/// <param name="Name">What.</param>
/// <param name="Ok">It works.</param>
/// <param name="Detail">What was found, or the mend.</param>
/// <param name="Essential">Nothing runs without it.</param>
public sealed record DoctorFact(string Area, string Name, bool Ok, string Detail, bool Essential);

/// <summary>Finds out what this machine can do, and the mend for what it cannot.</summary>
public static class Doctor
{
    private const long LeastFree = 2L << 30;

    /// <summary>Checks everything; opens no run and changes nothing but a scratch directory.</summary>
    public static async Task<IReadOnlyList<DoctorFact>> ExamineAsync(HostOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var facts = new List<DoctorFact>();
        facts.AddRange(Disk(options));
        facts.AddRange(await SandboxAsync(options, cancellationToken));
        using var models = new ModelCatalog(new ModelCatalogOptions { Environment = options.Environment, Time = options.Time });
        facts.AddRange((await models.FindAsync(cancellationToken)).Select(m => new DoctorFact("models", m.Provider, m.Available, m.Detail, false)));
        facts.AddRange(new LanguageCatalog(options.Environment).Find().Select(k => new DoctorFact("language servers", k.Language, k.Server is not null, k.Detail, false)));
        return facts;
    }

    private static IEnumerable<DoctorFact> Disk(HostOptions options)
    {
        string? problem = null;
        try
        {
            Directory.CreateDirectory(options.StateDirectory);
            var probe = Path.Combine(options.StateDirectory, $".doctor-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = $"{e.Message} Set CAIRN_STATE to a directory that you may write.";
        }

        yield return new("disk", "state directory", problem is null, problem ?? options.StateDirectory, true);
        if (problem is null)
        {
            var free = new DriveInfo(options.StateDirectory).AvailableFreeSpace;
            yield return new("disk", "free space", free >= LeastFree, $"{free >> 20} MiB free{(free < LeastFree ? "; layers and build outputs need some GiB: free some, or set CAIRN_STATE to another disk" : "")}", false);
        }
    }

    private static async Task<IEnumerable<DoctorFact>> SandboxAsync(HostOptions options, CancellationToken cancellationToken)
    {
        // The probe needs no journal, so it works while another Cairn holds the state directory.
        using var layers = new LayerStore(
            options.StateDirectory, NoBodies.Instance, options.Time, new LayerStoreOptions { Backend = CairnHost.SandboxBackend(options.Environment), Mounts = [.. CairnHost.ToolChains(options.Environment)] });
        var found = await layers.ProbeAsync(cancellationToken);
        return found.Select(f => new DoctorFact("sandbox", f.Name, f.Ok, f.Detail, f.Essential));
    }
}
