using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Asks the archive what matters for what the run is about. Whatever goes wrong is an answer without items.</summary>
internal sealed class ArchiveOperation(RunSession session)
{
    private const int MaxItems = 8;
    private const int MaxItemBytes = 8 * 1024;
    private const int MaxPathChars = 200;

    /// <summary>An archive that takes longer is taken for silent.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public async Task<RunEvent> RunAsync(AskArchive ask, CancellationToken cancellationToken)
    {
        var (services, state) = (session.Services, session.State);
        using var deadline = new CancellationTokenSource(Patience, services.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            if (services.Archive is not { } archive)
            {
                return new ArchiveAnswered(ask.Query, [], "There is no archive here any more.");
            }

            var query = new ArchiveQuery(session.Run, state.Spec.Repository, state.Layer, services.Blobs.GetText(ask.Query), MaxItems);
            var found = await archive.FindAsync(query, both.Token).WaitAsync(both.Token);
            return new ArchiveAnswered(ask.Query, [.. found.Take(MaxItems).Select(Text)], null);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is not OutOfMemoryException)
        {
            return new ArchiveAnswered(ask.Query, [], e is OperationCanceledException ? $"It did not answer within {Patience}." : $"{e.GetType().Name}: {SafeText.Line(e.Message, MaxPathChars)}");
        }
    }

    private ArchivedText Text(ArchiveItem item)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{SafeText.Line(item.Path, MaxPathChars)}@{item.Version.Short}{(item.From == 0 ? "" : $":{item.From}-{item.To}")}");
        return new(session.Count($"from memory: {place}", SafeText.ForModel(item.Text, MaxItemBytes)), new FileMark(item.Path, item.Version) { From = item.From, To = item.To });
    }
}
