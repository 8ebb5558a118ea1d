using System.Buffers;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>The readers and writers of each format, by its name.</summary>
internal static class WireCodec
{
    /// <exception cref="WireRequestException">When it cannot be read.</exception>
    public static WireRequest Read(WireFormat format, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 128 });
            return format switch
            {
                WireFormat.Chat => ChatRequestReader.Read(document.RootElement),
                WireFormat.Responses => ResponsesRequestReader.Read(document.RootElement),
                _ => MessagesRequestReader.Read(document.RootElement),
            };
        }
        catch (JsonException e)
        {
            throw new WireRequestException($"The body is no JSON: {e.Message}");
        }
        catch (InvalidOperationException e)
        {
            throw new WireRequestException($"The body is not what this API takes: {e.Message}");
        }
    }

    public static byte[] Write(WireFormat format, WireRequest request, string model, int maxTokens)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        switch (format)
        {
            case WireFormat.Chat:
                ChatRequestWriter.Write(request, model, output);
                break;
            case WireFormat.Responses:
                ResponsesRequestWriter.Write(request, model, output);
                break;
            default:
                MessagesRequestWriter.Write(request, model, maxTokens, output);
                break;
        }

        return output.WrittenSpan.ToArray();
    }

    public static IAnswerDecoder Decoder(WireFormat format, IAnswerSink sink) => format switch
    {
        WireFormat.Chat => new ChatDecoder(sink),
        WireFormat.Responses => new ResponsesDecoder(sink),
        _ => new MessagesDecoder(sink),
    };

    public static IAnswerSink Encoder(WireFormat format, AnswerFrame frame, bool wantsUsage, IBufferWriter<byte> output) => format switch
    {
        WireFormat.Chat => new ChatEncoder(frame, wantsUsage, output),
        WireFormat.Responses => new ResponsesEncoder(frame, output),
        _ => new MessagesEncoder(frame, output),
    };

    public static byte[] Whole(WireFormat format, AnswerFrame frame, WireAnswer answer) => Json(json =>
    {
        switch (format)
        {
            case WireFormat.Chat:
                ChatAnswer.Write(json, frame, answer);
                break;
            case WireFormat.Responses:
                var items = answer.Parts.Select(p => frame.CustomTools.Contains(p.Name) && !p.IsCustom && p.Kind == WirePartKind.Call
                    ? p with { IsCustom = true, Arguments = JsonWriting.Unwrapped(p.Arguments) } : p).ToList();
                ResponsesAnswerWriter.Write(json, frame, answer, ResponsesAnswerWriter.Status(answer.Stop ?? WireStop.Stop), items);
                break;
            default:
                MessagesAnswer.Write(json, frame, answer);
                break;
        }
    });

    public static byte[] Error(WireFormat format, WireError error) => Json(json =>
    {
        if (format == WireFormat.Messages)
        {
            MessagesAnswer.Error(json, error);
        }
        else
        {
            ChatAnswer.Error(json, error);
        }
    });

    /// <summary>An error at the end of a stream that was passed on as it came.</summary>
    public static byte[] ErrorEvent(WireFormat format, WireError error)
    {
        var output = new ArrayBufferWriter<byte>(256);
        output.Write("\n\n"u8); // Whatever line was cut ends here.
        var sse = new SseWriter(output);
        switch (format)
        {
            case WireFormat.Chat:
                sse.Event(null, json => ChatAnswer.Error(json, error));
                break;
            case WireFormat.Responses:
                sse.Event("error", json =>
                {
                    json.WriteStartObject();
                    json.WriteString("type", "error");
                    json.WriteString("code", error.Code);
                    json.WriteString("message", error.Message);
                    json.WriteNull("param");
                    json.WriteNumber("sequence_number", 0);
                    json.WriteEndObject();
                });
                break;
            default:
                sse.Event("error", json => MessagesAnswer.Error(json, error));
                break;
        }

        return output.WrittenSpan.ToArray();
    }

    private static byte[] Json(Action<Utf8JsonWriter> body)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(output, JsonWriting.Options))
        {
            body(json);
        }

        return output.WrittenSpan.ToArray();
    }
}
