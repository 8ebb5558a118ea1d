using System.Collections.Immutable;
using System.Text.Json;

namespace Cairn.Kernel.Cedar;

/// <summary>Values, entities and requests in the reference's JSON format.</summary>
public static class CedarJson
{
    /// <summary>The deepest nesting of a value.</summary>
    private const int MaxDepth = 64;

    /// <summary>Reads `[{ "uid": …, "attrs": {…}, "parents": […], "tags": {…} }]`.</summary>
    /// <exception cref="FormatException">When it is nothing of the kind; the message names the place.</exception>
    public static Entities ReadEntities(JsonElement json)
    {
        var all = new List<Entity>();
        foreach (var item in Array(json, "entities"))
        {
            var uid = ReadUid(Member(item, "uid", "an entity"), "an entity's uid");
            if (all.Exists(e => e.Uid == uid))
            {
                throw new FormatException($"the entity {uid} stands twice");
            }

            var parents = item.TryGetProperty("parents", out var list) ? Array(list, $"parents of {uid}").Select(p => ReadUid(p, $"a parent of {uid}")) : [];
            all.Add(new(uid, Record(item, "attrs", uid), [.. parents], Record(item, "tags", uid)));
        }

        return new(all);
    }

    /// <summary>Reads an entity's name: `{"type": …, "id": …}`, with or without `__entity` around it, or `"Type::\"id\""`.</summary>
    /// <exception cref="FormatException">When it is nothing of the kind.</exception>
    public static EntityUid ReadUid(JsonElement json, string what)
    {
        if (json.ValueKind == JsonValueKind.String)
        {
            return EntityUid.Parse(json.GetString()!) ?? throw new FormatException($"{what}: '{json.GetString()}' is no entity such as Type::\"id\"");
        }

        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("__entity", out var inner))
        {
            json = inner;
        }

        return new(Text(Member(json, "type", what), what), Text(Member(json, "id", what), what));
    }

    /// <summary>Reads a record, such as a request's context.</summary>
    /// <exception cref="FormatException">When it is none.</exception>
    public static RecordValue ReadRecord(JsonElement json, string what) =>
        ReadValue(json, what, 0) as RecordValue ?? throw new FormatException($"{what}: an object is expected");

    private static RecordValue Record(JsonElement entity, string name, EntityUid uid) =>
        entity.TryGetProperty(name, out var json) ? Object(json, $"{name} of {uid}", 0) : RecordValue.Empty;

    private static CedarValue ReadValue(JsonElement json, string what, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new FormatException($"{what}: nested deeper than {MaxDepth}");
        }

        return json.ValueKind switch
        {
            JsonValueKind.True => CedarValue.Of(true),
            JsonValueKind.False => CedarValue.Of(false),
            JsonValueKind.String => CedarValue.Of(json.GetString()!),
            JsonValueKind.Number => json.TryGetInt64(out var number) ? CedarValue.Of(number) : throw new FormatException($"{what}: {json.GetRawText()} is no 64-bit integer"),
            JsonValueKind.Array => SetValue.Of([.. json.EnumerateArray().Select(item => ReadValue(item, what, depth + 1))]),
            JsonValueKind.Object => ReadObject(json, what, depth),
            _ => throw new FormatException($"{what}: null is no value"),
        };
    }

    private static CedarValue ReadObject(JsonElement json, string what, int depth)
    {
        if (json.GetPropertyCount() == 1 && json.TryGetProperty("__entity", out var entity))
        {
            return CedarValue.Of(ReadUid(entity, what));
        }

        return json.GetPropertyCount() == 1 && json.TryGetProperty("__extn", out var call)
            ? Call(call, what, depth)
            : Object(json, what, depth);
    }

    private static CedarValue Call(JsonElement json, string what, int depth)
    {
        var function = Text(Member(json, "fn", what), what);
        IEnumerable<JsonElement> arguments = json.TryGetProperty("args", out var list) ? Array(list, what) : [Member(json, "arg", what)];
        CedarValue[] values = [.. arguments.Select(a => ReadValue(a, what, depth + 1))];
        var evaluation = new Evaluation(new(default, default, default, RecordValue.Empty), Entities.None);
        return !Extensions.IsFunction(function) && !Extensions.IsMethod(function)
            ? throw new FormatException($"{what}: there is no function {function}")
            : Extensions.Call(function, values, evaluation) ?? throw new FormatException($"{what}: {evaluation.Error}");
    }

    private static RecordValue Object(JsonElement json, string what, int depth)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"{what}: an object is expected");
        }

        var items = new Dictionary<string, CedarValue>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject())
        {
            if (!items.TryAdd(member.Name, ReadValue(member.Value, $"{what}.{member.Name}", depth + 1)))
            {
                throw new FormatException($"{what}: {member.Name} stands twice");
            }
        }

        return RecordValue.Of([.. items]);
    }

    private static IEnumerable<JsonElement> Array(JsonElement json, string what) =>
        json.ValueKind == JsonValueKind.Array ? json.EnumerateArray() : throw new FormatException($"{what}: a list is expected");

    private static JsonElement Member(JsonElement json, string name, string what) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) ? member : throw new FormatException($"{what}: '{name}' is missing");

    private static string Text(JsonElement json, string what) =>
        json.ValueKind == JsonValueKind.String ? json.GetString()! : throw new FormatException($"{what}: a text is expected");
}
