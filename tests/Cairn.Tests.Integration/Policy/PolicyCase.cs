using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.Policy;

/// <summary>A policy text, entities and a request, as both sides get them.</summary>
/// <param name="Policies">The text; it may be wrong.</param>
/// <param name="Template">A template with the id t0; null for none.</param>
/// <param name="Request">principal, action, resource, context and entities in the reference's JSON.</param>
internal sealed record PolicyCase(string Policies, string? Template, JsonObject Request)
{
    /// <summary>The entities that fill the template's slots.</summary>
    public JsonObject Slots { get; init; } = [];

    /// <summary>One line for the referee.</summary>
    public string ToJson()
    {
        var json = (JsonObject)Request.DeepClone();
        json["policies"] = Policies;
        if (Template is not null)
        {
            json["templates"] = new JsonObject { ["t0"] = Template };
            json["templateLinks"] = new JsonArray(new JsonObject { ["templateId"] = "t0", ["newId"] = "link0", ["values"] = Slots.DeepClone() });
        }

        return json.ToJsonString();
    }
}
