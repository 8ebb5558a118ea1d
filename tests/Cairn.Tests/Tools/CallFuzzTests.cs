using System.Text.Json;
using System.Text.RegularExpressions;
using Cairn.Tests.Sandbox;
using Cairn.Tools;

namespace Cairn.Tests.Tools;

/// <summary>Arguments that a model may write, mutated by the thousand, against an independent reading of the schemas.</summary>
public sealed class CallFuzzTests
{
    private const int Cases = 12_000;

    private static readonly ToolRegistry Registry = new();
    private static readonly HashSet<string> All = ToolBench.AllNames(Registry);

    private static readonly string[] Oddities =
    [
        "null", "true", "0", "-1", "1", "1.0", "1e0", "1.5", "1e400", "-0", "2001", "1800", "99999999999999999999", "\"\"", "\"a\"", "\"-x\"",
        "\"..\"", "\"\\u0000\"", "\"\\ud800\"", "\"0123456789ab\"", "\"sensitive\"", "\"done\"", "\"Done\"", "[]", "{}", "[[]]", "[null]",
        """{"old":"a","new":"b","replace_all":true}""", """[{"old":"a","new":"b","replace_all":true}]""", """[{"old":"a","new":"b","replace_all":1}]""",
        "NaN", "'a'", "/*c*/1", "1,", "\"2020-01-01T00:00:00Z\"", "{\"$ref\":\"#\"}",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nothing_invalid_passes_nothing_valid_is_refused_and_nothing_throws(int seed)
    {
        var random = new Random(seed);
        var passed = 0;
        for (var i = 0; i < Cases; i++)
        {
            var tool = (DriverTool)Registry.Tools[random.Next(Registry.Tools.Length)];
            var arguments = Mutate(tool.Example, random);
            var problem = Registry.Check(tool.Descriptor.Name, arguments, All);
            Assert.True(Oracle(tool.Descriptor.Schema, arguments) == (problem is null), $"{tool.Descriptor.Name} {arguments}: {problem ?? "passed"}");
            if (problem is null && tool.Descriptor.Name is not ("ask_human" or "spawn_run" or "ask_model" or "recall" or "pin" or "find_tools" or "use_tool" or "recall_code" or "impact" or "graph_query"))
            {
                passed++;
                await Invoke(tool, arguments);
            }
        }

        Assert.InRange(passed, Cases / 50, Cases);
    }

    [Fact]
    public void No_tool_name_throws_or_leaks_control_characters()
    {
        var random = new Random(3);
        for (var i = 0; i < 2000; i++)
        {
            var name = new string([.. Enumerable.Range(0, random.Next(0, 200)).Select(_ => (char)random.Next(0, 0x10000))]);
            var problem = Registry.Check(name, "{}", All);
            Assert.NotNull(problem);
            Assert.DoesNotContain(problem, char.IsControl);
        }
    }

    private static async Task Invoke(DriverTool tool, string arguments)
    {
        var workspace = new InMemoryWorkspace(("src/app.py", "return a - b\n"), ("a", "a\r\nb\n"))
        {
            OnRun = (_, c) => new SandboxResult(c.Arguments.Length % 3, "./a\01:x\e[2J\n./b", "\e]0;x\a", TimeSpan.FromSeconds(1), null),
        };
        using var document = JsonDocument.Parse(arguments);
        var context = new ToolContext(RunId.Parse("r"), CallId.Parse("c"), workspace);
        var result = await tool.InvokeAsync(context, document.RootElement, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(result.Text, c => char.IsControl(c) && c is not ('\n' or '\t'));
    }

    private static string Mutate(string example, Random random)
    {
        var text = example;
        for (var n = random.Next(0, 4); n > 0; n--)
        {
            text = random.Next(4) == 0 ? MutateText(text, random) : MutateTree(text, random);
        }

        return text;
    }

    private static string MutateText(string text, Random random)
    {
        var at = random.Next(text.Length + 1);
        var rest = Math.Min(text.Length - at, random.Next(0, 4));
        return random.Next(3) switch
        {
            0 => text.Remove(at, rest),
            1 => text.Insert(at, ((char)random.Next(1, 0x250)).ToString()),
            _ => text.Insert(at, text.Substring(at, rest)),
        };
    }

    // Replaces, removes, renames or adds one property, keeping the rest: the mistakes that models make.
    private static string MutateTree(string text, Random random)
    {
        List<(string Name, string Value)> members;
        try
        {
            using var document = JsonDocument.Parse(text);
            members = document.RootElement.ValueKind == JsonValueKind.Object
                ? [.. document.RootElement.EnumerateObject().Select(p => (JsonSerializer.Serialize(p.Name), p.Value.GetRawText()))]
                : [];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return text;
        }

        if (members.Count == 0)
        {
            return text;
        }

        var at = random.Next(members.Count);
        switch (random.Next(5))
        {
            case 0: members.RemoveAt(at); break;
            case 1: members.Add((random.Next(2) == 0 ? members[at].Name : "\"extra\"", Oddities[random.Next(Oddities.Length)])); break;
            case 2: members[at] = (members[at].Name.Replace('_', '-'), members[at].Value); break;
            default: members[at] = (members[at].Name, Oddities[random.Next(Oddities.Length)]); break;
        }

        return "{" + string.Join(",", members.Select(m => $"{m.Name}:{m.Value}")) + "}";
    }

    private static bool Oracle(string schema, string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
            using var parsed = JsonDocument.Parse(schema);
            return Fits(document.RootElement, parsed.RootElement);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool Fits(JsonElement value, JsonElement schema)
    {
        var types = schema.GetProperty("type") is { ValueKind: JsonValueKind.Array } several
            ? several.EnumerateArray().Select(t => t.GetString()!).ToList()
            : [schema.GetProperty("type").GetString()!];
        return types.Any(t => Is(value, t, schema)) && (!schema.TryGetProperty("enum", out var options)
            || options.EnumerateArray().Any(o => JsonElement.DeepEquals(o, value)));
    }

    private static bool Is(JsonElement value, string type, JsonElement schema) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var n)
            && (!schema.TryGetProperty("minimum", out var min) || n >= min.GetInt32())
            && (!schema.TryGetProperty("maximum", out var max) || n <= max.GetInt32()),
        "string" => value.ValueKind == JsonValueKind.String && TryText(value) is { } text
            && (!schema.TryGetProperty("pattern", out var pattern) || Regex.IsMatch(text, pattern.GetString()!)),
        "array" => value.ValueKind == JsonValueKind.Array
            && (!schema.TryGetProperty("minItems", out var least) || value.GetArrayLength() >= least.GetInt32())
            && (!schema.TryGetProperty("maxItems", out var most) || value.GetArrayLength() <= most.GetInt32())
            && value.EnumerateArray().All(i => Fits(i, schema.GetProperty("items"))),
        _ => value.ValueKind == JsonValueKind.Object && FitsObject(value, schema),
    };

    private static bool FitsObject(JsonElement value, JsonElement schema)
    {
        var properties = schema.GetProperty("properties");
        return value.EnumerateObject().All(p => properties.TryGetProperty(p.Name, out var s) && Fits(p.Value, s))
            && schema.GetProperty("required").EnumerateArray().All(r => value.TryGetProperty(r.GetString()!, out _));
    }

    private static string? TryText(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
