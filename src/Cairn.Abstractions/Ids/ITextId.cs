using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>An identifier that is written as its text in JSON, on the command line and in file names.</summary>
/// <typeparam name="TSelf">The identifier's own type.</typeparam>
public interface ITextId<TSelf>
    where TSelf : struct, ITextId<TSelf>
{
    /// <summary>The identifier's text: ASCII letters, digits, '-', '_' and '.'; never empty.</summary>
    string Value { get; }

    /// <summary>Makes the identifier from its text; throws <see cref="FormatException"/> when the text is not one.</summary>
    static abstract TSelf Parse(string text);
}

/// <summary>Reads and writes a <see cref="ITextId{TSelf}"/> as a JSON string, also as a property name.</summary>
/// <typeparam name="T">The identifier's type.</typeparam>
public sealed class TextIdConverter<T> : JsonConverter<T>
    where T : struct, ITextId<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Parse(reader.GetString());

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.Value);
    }

    /// <inheritdoc/>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Parse(reader.GetString());

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value.Value);
    }

    private static T Parse(string? text)
    {
        try
        {
            return T.Parse(text ?? "");
        }
        catch (FormatException e)
        {
            throw new JsonException(e.Message, e);
        }
    }
}

internal static class TextIdRules
{
    public static string Check(string text, int maxLength, string what)
    {
        if (text.Length == 0 || text.Length > maxLength)
        {
            throw new FormatException($"'{text}' is no {what}: it must have 1 to {maxLength} characters.");
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                throw new FormatException($"'{text}' is no {what}: only letters, digits, '-', '_' and '.' may stand in it.");
            }
        }

        return text;
    }
}
