using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace Cairn.Sdk;

/// <summary>The schema of a type in the strict form that providers enforce: every property required, none beside them.</summary>
internal static class AnswerSchemas
{
    private static readonly JsonSchemaExporterOptions Options = new()
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = static (_, node) =>
        {
            if (node is JsonObject item && item["properties"] is JsonObject properties)
            {
                item["required"] = new JsonArray([.. properties.Select(p => (JsonNode)p.Key)]);
                item["additionalProperties"] = false;
            }

            return node;
        },
    };

    public static string Of(JsonTypeInfo type) => type.GetJsonSchemaAsNode(Options).ToJsonString();
}
