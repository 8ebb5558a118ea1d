using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Cli.Terminal;

/// <summary>Writes a run's records as JSON lines while they become durable.</summary>
internal sealed class JsonView : IRunObserver
{
    private readonly Lock _gate = new();

    public void Recorded(JournalRecord record)
    {
        lock (_gate)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(record, CliJson.Default.JournalRecord));
        }
    }

    public void ModelDelta(RunId run, ModelDelta delta)
    {
    }

    public void Output(RunId run, string text)
    {
    }
}
