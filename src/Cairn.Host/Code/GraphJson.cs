using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Memory.Graph;

namespace Cairn.Host;

/// <summary>The values of a graph query's answer as JSON.</summary>
internal static class GraphJson
{
    /// <summary>A value of an answer.</summary>
    public static JsonNode? Of(object? value) => value switch
    {
        null => null,
        bool b => JsonValue.Create(b),
        long n => JsonValue.Create(n),
        double n => double.IsFinite(n) ? JsonValue.Create(n) : JsonValue.Create(n.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        string s => JsonValue.Create(s),
        List<object?> list => new JsonArray([.. list.Select(Of)]),
        Dictionary<string, object?> map => Object(map),
        GraphNode node => new JsonObject { ["labels"] = new JsonArray([.. node.Labels.Select(label => (JsonNode?)JsonValue.Create(label))]), ["properties"] = Object(node.Properties) },
        GraphEdge edge => new JsonObject { ["type"] = edge.Type, ["from"] = Of(edge.From["key"]), ["to"] = Of(edge.To["key"]), ["properties"] = Object(edge.Properties) },
        GraphPath path => new JsonArray([.. path.Nodes.SelectMany((node, i) => i < path.Length ? new[] { Of(node), Of(path.Edges[i]) } : [Of(node)])]),
        _ => throw new InvalidOperationException($"A query gave a value of type {value.GetType().Name}."),
    };

    /// <summary>Likewise, as part of a record.</summary>
    public static JsonElement ElementOf(object? value)
    {
        using var document = JsonDocument.Parse(Of(value)?.ToJsonString() ?? "null");
        return document.RootElement.Clone();
    }

    private static JsonObject Object(IEnumerable<KeyValuePair<string, object?>> map) => new(map.Select(pair => KeyValuePair.Create(pair.Key, Of(pair.Value))));
}
