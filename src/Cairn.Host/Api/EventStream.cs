using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sdk;
using Cairn.Storage;
using Microsoft.AspNetCore.Http;

namespace Cairn.Host;

/// <summary>Where events go.</summary>
internal interface IEventSink
{
    Task SendAsync(EventMessage message, CancellationToken cancellationToken);
}

/// <summary>What somebody wants to watch.</summary>
/// <param name="Run">The run; null for all.</param>
/// <param name="After">The last position that he knows; -1 (a run) or 0 (all) for none.</param>
/// <param name="Live">Also what is in no journal: the model's words and the tools' output while they come.</param>
/// <param name="UntilIdle">End when the run is no longer driven.</param>
internal sealed record EventQuery(RunId? Run, long After, bool Live, bool UntilIdle)
{
    public static EventQuery From(HttpContext context, RunId? run)
    {
        var query = context.Request.Query;
        var named = context.Request.Headers["Last-Event-ID"].FirstOrDefault() ?? query["after"].FirstOrDefault();
        var after = run is null ? 0L : -1L;
        if (!string.IsNullOrEmpty(named) && (!long.TryParse(named, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out after) || after < -1))
        {
            throw new UserException("The position to go on from is the id of an event of this stream.");
        }

        return new(run, after, query["live"] == "true", run is not null && query["until"] == "idle");
    }
}

/// <summary>
/// Events of one run or of all: first what the journal has behind the position, then what comes, read from the journal as
/// well. So there is no seam between the two where an event could be lost or come twice.
/// </summary>
internal sealed class EventStream(StateStore store, EventFeed feed, DaemonRuns runs, TimeProvider time)
{
    private const int Page = 256;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async Task RunAsync(EventQuery query, IEventSink sink, CancellationToken cancellationToken)
    {
        using var subscription = feed.Subscribe(query.Run, query.Live);
        var after = query.After;
        while (true)
        {
            // Asked before the journal is read: what the run wrote last is then read below.
            var idle = query.UntilIdle && !runs.IsBusy(query.Run!.Value);
            after = await SendRecordsAsync(query.Run, after, sink, cancellationToken);
            await SendPiecesAsync(subscription, sink, cancellationToken);
            if (idle)
            {
                var summary = await runs.Cairn.FindAsync(query.Run!.Value.Value, cancellationToken);
                await sink.SendAsync(new("end") { Run = summary }, cancellationToken);
                return;
            }

            if (!await subscription.WaitAsync(Heartbeat, time, cancellationToken))
            {
                await sink.SendAsync(new("alive"), cancellationToken);
            }
        }
    }

    private async Task<long> SendRecordsAsync(RunId? run, long after, IEventSink sink, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = run is { } one
                ? store.Journal.Read(one, after + 1).Select(r => new LoggedRecord(r.Seq, r)).ToList()
                : store.ReadLog(after, Page);
            if (found.Count == 0)
            {
                return after;
            }

            foreach (var logged in found)
            {
                await sink.SendAsync(
                    new("record", logged.Position.ToString(CultureInfo.InvariantCulture)) { Record = logged.Record }, cancellationToken);
            }

            after = found[^1].Position;
        }
    }

    private static async Task SendPiecesAsync(Subscription subscription, IEventSink sink, CancellationToken cancellationToken)
    {
        if (subscription.TakeDropped() is > 0 and var dropped)
        {
            await sink.SendAsync(new("dropped") { Dropped = dropped }, cancellationToken);
        }

        // What comes while these are sent waits for the next round: records must not wait for a flood of output.
        for (var i = 0; i < Subscription.MaxPieces && subscription.TryTake(out var piece); i++)
        {
            await sink.SendAsync(new(piece.Kind) { Piece = piece }, cancellationToken);
        }
    }
}
