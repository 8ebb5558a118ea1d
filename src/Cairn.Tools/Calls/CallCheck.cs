using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Cairn.Tools.Calls;

/// <summary>Checks the arguments of one tool against its schema, and says what is wrong so that the next call is right.</summary>
internal sealed class CallCheck
{
    /// <summary>The largest arguments that are looked at.</summary>
    public const int MaxArgumentChars = 8 * 1024 * 1024;

    /// <summary>The longest answer to a wrong call.</summary>
    public const int MaxProblemBytes = 4096;

    private const int MaxProblems = 6;
    private const int MaxDepth = 32;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private readonly JsonSchema _schema;

    public CallCheck(ITool tool)
    {
        Tool = tool;
        // No reference is followed in a tool's schema, so this does no I/O.
        _schema = JsonSchema.FromJsonAsync(tool.Descriptor.Schema).GetAwaiter().GetResult();
    }

    public ITool Tool { get; }

    /// <summary>What is wrong with the arguments; null when they may be executed.</summary>
    public string? Problem(string arguments)
    {
        if (arguments.Length > MaxArgumentChars)
        {
            return Explain([$"the arguments have {arguments.Length:N0} characters; at most {MaxArgumentChars:N0} are taken"]);
        }

        try
        {
            using var document = JsonDocument.Parse(arguments, Strict);
            var problems = new List<string>();
            CheckText(document.RootElement, "", problems);
            if (problems.Count == 0)
            {
                problems.AddRange(Describe(_schema.Validate(arguments), document.RootElement));
            }

            return problems.Count == 0 ? null : Explain(problems);
        }
        catch (JsonException e)
        {
            return Explain([NotJson(arguments, e)]);
        }
        catch (Exception e) when (e is Newtonsoft.Json.JsonException or OverflowException or FormatException or ArgumentException)
        {
            // The validator reads numbers and depths that it cannot hold as errors of its own; for us they are wrong arguments.
            return Explain([$"the arguments cannot be read: {e.Message}"]);
        }
    }

    // A string that is no valid Unicode would throw when the tool reads it; a NUL cannot stand in a path or argument.
    private static void CheckText(JsonElement element, string path, List<string> problems)
    {
        if (problems.Count >= MaxProblems)
        {
            return;
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    if (Readable(() => property.Name) is not { } name)
                    {
                        problems.Add($"{Where(path)}: a property's name is not valid Unicode");
                        return;
                    }

                    CheckText(property.Value, path.Length == 0 ? name : $"{path}.{name}", problems);
                }

                break;
            case JsonValueKind.Array:
                var at = 0;
                foreach (var item in element.EnumerateArray())
                {
                    CheckText(item, $"{path}[{at++}]", problems);
                }

                break;
            case JsonValueKind.String when Readable(element.GetString) is null:
                problems.Add($"{Where(path)}: the text is not valid Unicode (half of a surrogate pair)");
                break;
            default:
                break;
        }
    }

    private static string? Readable(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Describe(IEnumerable<ValidationError> errors, JsonElement root) =>
        errors.SelectMany(Innermost).Take(MaxProblems).Select(e => Describe(e, root));

    // The validator wraps what is wrong inside of an array's items, or under one of several types.
    private static IEnumerable<ValidationError> Innermost(ValidationError error)
    {
        IEnumerable<ValidationError> inner = error switch
        {
            ChildSchemaValidationError child => child.Errors.Values.SelectMany(e => e),
            MultiTypeValidationError multi => multi.Errors.Values.SelectMany(e => e).Where(e => e.Kind is
                ValidationErrorKind.NumberTooBig or ValidationErrorKind.NumberTooSmall or ValidationErrorKind.PatternMismatch),
            _ => [],
        };
        var found = inner.SelectMany(Innermost).ToList();
        return found.Count == 0 ? [error] : found;
    }

    private static string Describe(ValidationError error, JsonElement root)
    {
        var path = Where((error.Path ?? "").TrimStart('#', '/'));
        var property = error.Property ?? path;
        var schema = error.Schema;
        return error.Kind switch
        {
            ValidationErrorKind.PropertyRequired => $"'{property}' is missing{Meant(property, schema, root)}",
            ValidationErrorKind.NoAdditionalPropertiesAllowed =>
                $"'{property}' is not an argument{Nearest(property, schema)}",
            ValidationErrorKind.NotInEnumeration =>
                $"{path}: must be one of {string.Join(", ", schema.Enumeration.Select(v => v is null ? "null" : $"\"{v}\""))}",
            ValidationErrorKind.NumberTooBig => $"{path}: must be at most {schema.Maximum}",
            ValidationErrorKind.NumberTooSmall => $"{path}: must be at least {schema.Minimum}",
            ValidationErrorKind.PatternMismatch => $"{path}: must look like {schema.Pattern}",
            ValidationErrorKind.TooFewItems => $"{path}: must have at least {schema.MinItems} item(s)",
            ValidationErrorKind.TooManyItems => $"{path}: must have at most {schema.MaxItems} items",
            _ => $"{path}: must be {TypeName(schema)}",
        };
    }

    private static string Nearest(string property, JsonSchema schema)
    {
        var near = Similar.Names(property, schema.ActualProperties.Keys, 1);
        return near.Count == 0
            ? $"; there are: {string.Join(", ", schema.ActualProperties.Keys)}"
            : $"; did you mean '{near[0]}'?";
    }

    private static string Meant(string property, JsonSchema schema, JsonElement root) =>
        schema.ActualProperties.TryGetValue(property, out var expected) && root.ValueKind == JsonValueKind.Object
            ? $" ({TypeName(expected)}{(expected.Type.HasFlag(JsonObjectType.Null) ? "; give null for the default" : "")})"
            : "";

    private static string TypeName(JsonSchema schema)
    {
        var names = Enum.GetValues<JsonObjectType>()
            .Where(t => t != JsonObjectType.None && schema.Type.HasFlag(t))
            .Select(t => t switch
            {
                JsonObjectType.Null => "null",
                JsonObjectType.Array => "an array",
                JsonObjectType.Integer => "an integer",
                JsonObjectType.Object => "an object",
                _ => $"a {t.ToString().ToLowerInvariant()}",
            });
        return string.Join(" or ", names);
    }

    private static string NotJson(string arguments, JsonException e)
    {
        var line = e.LineNumber ?? 0;
        var column = e.BytePositionInLine ?? 0;
        var what = e.Message.Split(" LineNumber:")[0].Split(" Path:")[0];
        var text = arguments.Split('\n') is var lines && line < lines.Length ? lines[line] : "";
        var bytes = Encoding.UTF8.GetBytes(text);
        var from = (int)Math.Clamp(column - 20, 0, bytes.Length);
        var near = Encoding.UTF8.GetString(bytes, from, Math.Min(40, bytes.Length - from));
        return $"the arguments are not valid JSON at line {line + 1}, byte {column + 1}: {what}"
            + (near.Length == 0 ? "" : $" Near: {SafeText.Line(near, 60)}");
    }

    private static string Where(string path) => path.Length == 0 ? "arguments" : $"'{SafeText.Line(path, 80)}'";

    private string Explain(IReadOnlyCollection<string> problems)
    {
        var example = Tool is DriverTool driver ? driver.Example : Tool.Descriptor.Schema;
        return $"The call of {Tool.Descriptor.Name} was not executed: {string.Join("; ", problems)}.\n"
            + (Tool is DriverTool ? "A right call: " : "The schema: ") + example;
    }
}
