using System.Text.Json;

namespace Cairn.Models;

/// <summary>
/// The few things that a gateway must know of a request that it passes on. The body is read once, without building
/// anything of it, and stays as it is but for the model's name.
/// </summary>
public sealed class RequestHead
{
    private int _modelStart = -1;
    private int _modelEnd;
    private int _end;
    private bool _hasStreamOptions;

    private RequestHead()
    {
    }

    /// <summary>The model that the client names; "" when it names none.</summary>
    public string Model { get; private set; } = "";

    /// <summary>It wants the answer as a stream.</summary>
    public bool IsStream { get; private set; }

    /// <summary>The answer that it goes on from (Responses); "" for none.</summary>
    public string Previous { get; private set; } = "";

    /// <summary>Chat Completions: the client asked for the usage at the stream's end itself.</summary>
    internal bool WantsUsage { get; private set; }

    /// <summary>The most tokens of the answer that the client asks for; null when it does not say.</summary>
    public long? MaxTokens { get; private set; }

    /// <summary>Reads it; null and what is wrong with it when it is no JSON object.</summary>
    public static (RequestHead? Head, string? Problem) Read(ReadOnlySpan<byte> body)
    {
        var head = new RequestHead();
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 128 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return (null, "The body is no JSON object.");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                head.Property(ref reader);
            }

            head._end = (int)reader.TokenStartIndex;
            return reader.Read() ? (null, "Something stands behind the body's JSON.") : (head, null);
        }
        catch (JsonException e)
        {
            return (null, $"The body is no JSON: {e.Message}");
        }
    }

    /// <summary>The body with another model's name, and with the wish for the usage where it is missing.</summary>
    /// <param name="body">The body that this was read from.</param>
    /// <param name="model">The name; null keeps the client's.</param>
    /// <param name="usage">Ask for the usage at the stream's end.</param>
    internal ReadOnlyMemory<byte> Rewrite(ReadOnlyMemory<byte> body, string? model, bool usage)
    {
        var ask = usage && IsStream && !_hasStreamOptions ? ",\"stream_options\":{\"include_usage\":true}"u8.ToArray() : [];
        var rename = model is not null && model != Model;
        if (!rename && ask.Length == 0)
        {
            return body;
        }

        using var output = new MemoryStream(body.Length + ask.Length + 64);
        var span = body.Span;
        if (rename && _modelStart >= 0)
        {
            output.Write(span[.._modelStart]);
            output.Write(JsonSerializer.SerializeToUtf8Bytes(model!, ModelsJson.Default.String));
            output.Write(span[_modelEnd.._end]);
        }
        else
        {
            output.Write(span[.._end]);
            if (rename)
            {
                output.Write(","u8);
                output.Write("\"model\":"u8);
                output.Write(JsonSerializer.SerializeToUtf8Bytes(model!, ModelsJson.Default.String));
            }
        }

        output.Write(ask);
        output.Write(span[_end..]);
        return output.GetBuffer().AsMemory(0, (int)output.Length);
    }

    private void Property(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("model"u8))
        {
            reader.Read();
            (_modelStart, _modelEnd) = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
            Model = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
            reader.Skip();
            _modelEnd = (int)reader.BytesConsumed;
        }
        else if (reader.ValueTextEquals("stream"u8))
        {
            reader.Read();
            IsStream = reader.TokenType == JsonTokenType.True;
            reader.Skip();
        }
        else if (reader.ValueTextEquals("previous_response_id"u8))
        {
            reader.Read();
            Previous = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
            reader.Skip();
        }
        else if (reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8) || reader.ValueTextEquals("max_output_tokens"u8))
        {
            reader.Read();
            MaxTokens = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var most) ? most : MaxTokens;
            reader.Skip();
        }
        else if (reader.ValueTextEquals("stream_options"u8))
        {
            reader.Read();
            using var options = JsonDocument.ParseValue(ref reader);
            _hasStreamOptions = options.RootElement.Has("include_usage");
            WantsUsage = options.RootElement.Truth("include_usage") == true;
        }
        else
        {
            reader.Read();
            reader.Skip();
        }
    }
}
