using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>A summary, with what it was made of.</summary>
/// <param name="Version">The Cairn that made it: another one may see more in the same journal.</param>
/// <param name="Records">How many records the run had.</param>
/// <param name="Chain">The chain value of the last one.</param>
/// <param name="Summary">The summary.</param>
internal sealed record EndedRun(string Version, long Records, BlobHash Chain, RunSummary Summary);

/// <summary>
/// Summaries of runs that have ended. To make one, all of the run's records are folded; of most runs nothing changes
/// between two lists, nor between two commands, so they are kept in a file too. It is derived: each line holds only for the
/// very records that it was made of, one that cannot be read is no summary, and the file may be deleted at any time.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class EndedRuns(string path)
{
    private const int MaxKept = 10_000;
    private const long MaxBytes = 16 << 20;
    private static readonly string Version = typeof(EndedRuns).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    // A view shows sums that nobody reads back, and leaves out what is null.
    private static readonly HostJson Json = new(new JsonSerializerOptions(HostJson.Default.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        RespectRequiredConstructorParameters = false,
    });

    private readonly Lazy<ConcurrentDictionary<RunId, EndedRun>> _known = new(() => Load(path));
    private readonly Lock _gate = new();

    /// <summary>The summary of a run as it is; null when it is not known.</summary>
    public RunSummary? Find(RunHead head) =>
        _known.Value.TryGetValue(head.Run, out var known) && known.Records == head.Count && known.Chain == head.Chain ? known.Summary : null;

    /// <summary>Keeps the summary of a run that has ended.</summary>
    public void Add(RunHead head, RunSummary summary)
    {
        if (_known.Value.Count >= MaxKept)
        {
            _known.Value.Clear();
        }

        var ended = new EndedRun(Version, head.Count, head.Chain, summary);
        _known.Value[head.Run] = ended;
        lock (_gate)
        {
            Append([.. JsonSerializer.SerializeToUtf8Bytes(ended, Json.EndedRun), (byte)'\n']);
        }
    }

    private static ConcurrentDictionary<RunId, EndedRun> Load(string path)
    {
        var known = new ConcurrentDictionary<RunId, EndedRun>();
        try
        {
            foreach (var line in File.Exists(path) ? File.ReadLines(path).Take(MaxKept) : [])
            {
                if (Read(line) is { Summary.Id: var id } ended && ended.Version == Version)
                {
                    known[id] = ended;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then each is made anew.
        }

        return known;
    }

    private static EndedRun? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, Json.EndedRun);
        }
        catch (JsonException)
        {
            return null; // Two processes wrote at once, or one died over it.
        }
    }

    private void Append(byte[] line)
    {
        try
        {
            using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, 0);
            if (file.Length > MaxBytes)
            {
                file.SetLength(0);
            }

            file.Seek(0, SeekOrigin.End);
            file.Write(line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that is full or read-only: the next command makes it anew.
        }
    }
}
