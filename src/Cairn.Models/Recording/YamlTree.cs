using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cairn.Models;

/// <summary>Reads YAML as the JSON that it stands for (core schema: quoted is text, plain may be null, true, a number).</summary>
internal static class YamlTree
{
    private const int MaxDepth = 64;

    // Aliases make a small file stand for a large tree.
    private const int MaxNodes = 200_000;

    /// <exception cref="FormatException">The text is no YAML; says where.</exception>
    public static JsonNode? Parse(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new FormatException($"this is no YAML: {e.Message} (line {e.Start.Line})", e);
        }

        var nodes = 0;
        return stream.Documents.Count == 1
            ? Convert(stream.Documents[0].RootNode, 0, ref nodes)
            : throw new FormatException("exactly one YAML document is expected");
    }

    private static JsonNode? Convert(YamlNode node, int depth, ref int nodes)
    {
        if (depth > MaxDepth || ++nodes > MaxNodes)
        {
            throw new FormatException($"nested deeper than {MaxDepth} or longer than {MaxNodes} values");
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                var result = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    result[((key as YamlScalarNode)?.Value) ?? throw new FormatException("a key is not a text")] = Convert(value, depth + 1, ref nodes);
                }

                return result;
            case YamlSequenceNode sequence:
                var list = new JsonArray();
                foreach (var child in sequence.Children)
                {
                    list.Add(Convert(child, depth + 1, ref nodes));
                }

                return list;
            case YamlScalarNode { Style: ScalarStyle.Plain } plain:
                return Plain(plain.Value ?? "");
            case YamlScalarNode scalar:
                return JsonValue.Create(scalar.Value ?? "");
            default:
                throw new FormatException("a value of an unknown kind");
        }
    }

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        _ when IsNumber(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };

    // "NaN", "Infinity" and "1_000" are texts here: JSON has no such numbers.
    private static bool IsNumber(string text) => text.All(c => char.IsAsciiDigit(c) || c is '.' or '-' or '+' or 'e' or 'E') && text.Any(char.IsAsciiDigit);
}
