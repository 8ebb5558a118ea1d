using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>Reads a run's events; when the connection breaks it goes on behind the last one that it had.</summary>
internal sealed class EventReader(ApiConnection connection, TimeProvider time)
{
    private const int MaxAttempts = 40;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public async IAsyncEnumerable<EventMessage> ReadAsync(RunId run, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var attempts = 0;
        while (true)
        {
            await using var messages = ConnectionAsync(run, after, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                try
                {
                    if (!await messages.MoveNextAsync())
                    {
                        break;
                    }
                }
                catch (Exception e) when (e is DaemonGoneException or HttpRequestException or IOException && attempts < MaxAttempts)
                {
                    break;
                }

                attempts = 0;
                var message = messages.Current;
                after = message.Event == "record" ? long.Parse(message.Id!, CultureInfo.InvariantCulture) : after;
                yield return message;
                if (message.Event == "end")
                {
                    yield break;
                }
            }

            // A daemon that was restarted goes on with the run: worth a little patience.
            attempts++;
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private async IAsyncEnumerable<EventMessage> ConnectionAsync(RunId run, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await connection.OpenAsync(
            string.Create(CultureInfo.InvariantCulture, $"v1/runs/{run}/events?live=true&until=idle&after={after}"), cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var parser = SseParser.Create(stream, (_, data) => JsonSerializer.Deserialize(data, ClientJson.Default.EventMessage)!);
        await foreach (var item in parser.EnumerateAsync(cancellationToken))
        {
            yield return item.Data;
        }
    }
}
