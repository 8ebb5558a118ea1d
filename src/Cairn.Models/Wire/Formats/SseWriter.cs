using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>Writes server-sent events whose data is JSON.</summary>
#pragma warning disable CA1001 // The JSON writer holds nothing but the output, which is the caller's.
internal sealed class SseWriter(IBufferWriter<byte> output)
#pragma warning restore CA1001
{
    private readonly Utf8JsonWriter _json = new(output, JsonWriting.Options);

    /// <param name="name">The event's name; null for none.</param>
    /// <param name="body">Writes its data.</param>
    public void Event(string? name, Action<Utf8JsonWriter> body)
    {
        if (name is not null)
        {
            output.Write("event: "u8);
            Encoding.ASCII.GetBytes(name, output);
            output.Write("\n"u8);
        }

        output.Write("data: "u8);
        _json.Reset(output);
        body(_json);
        _json.Flush();
        output.Write("\n\n"u8);
    }

    /// <summary>The end mark of Chat Completions.</summary>
    public void Done() => output.Write("data: [DONE]\n\n"u8);
}
