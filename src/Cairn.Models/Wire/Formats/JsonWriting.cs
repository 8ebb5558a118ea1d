using System.Text.Encodings.Web;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>What the writers of all formats need of JSON.</summary>
internal static class JsonWriting
{
    /// <summary>Clients parse it as JSON, never as a page: nothing beyond JSON's own needs is escaped.</summary>
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A value that is JSON text already.</summary>
    public static void Raw(this Utf8JsonWriter writer, string name, string json)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(json, skipInputValidation: true);
    }

    /// <summary>An optional number.</summary>
    public static void Maybe(this Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    /// <summary>An optional whole number.</summary>
    public static void Maybe(this Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    /// <summary>An optional truth.</summary>
    public static void Maybe(this Utf8JsonWriter writer, string name, bool? value)
    {
        if (value is { } truth)
        {
            writer.WriteBoolean(name, truth);
        }
    }

    /// <summary>JSON that a model wrote as an object; {} for what is none, so that a bad call does not make a bad conversation.</summary>
    public static string ObjectOrEmpty(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? json : "{}";
        }
        catch (JsonException)
        {
            return "{}";
        }
    }

    /// <summary>Arguments of a free text tool for a format that only knows JSON.</summary>
    public static string Wrapped(string text)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("input", text);
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>The reverse of <see cref="Wrapped"/>.</summary>
    public static string Unwrapped(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.TryGet("input", out var input) && input.ValueKind == JsonValueKind.String ? input.GetString()! : json;
        }
        catch (JsonException)
        {
            return json;
        }
    }

    /// <summary>The schema of a free text tool for a format that only knows JSON.</summary>
    public const string FreeTextSchema = """{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}""";
}
