using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Cairn.Tools.Calls;

/// <summary>Checks a model's answer against the schema that it was asked to fit.</summary>
public sealed class AnswerCheck
{
    private const int MaxProblems = 6;
    private const int MaxDepth = 64;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };
    private readonly JsonSchema _schema;

    private AnswerCheck(JsonSchema schema) => _schema = schema;

    /// <summary>Reads a schema. Regular expressions in it are not checked: a hostile answer could hold them up for hours.</summary>
    /// <returns>The check, or what is wrong with the schema.</returns>
    public static (AnswerCheck? Check, string? Problem) Of(string schema)
    {
        try
        {
            var node = JsonNode.Parse(schema);
            if (SchemaGuard.Problem(node) is { } problem)
            {
                return (null, problem);
            }

            SchemaGuard.Harmless(node);
            // No reference leads out of it, so this does no I/O.
            return (new(JsonSchema.FromJsonAsync(node!.ToJsonString()).GetAwaiter().GetResult()), null);
        }
        catch (Exception e) when (e is JsonException or Newtonsoft.Json.JsonException or InvalidOperationException)
        {
            return (null, $"the schema cannot be read: {e.Message}");
        }
    }

    /// <summary>The JSON of an answer, without the fence that some models put around it.</summary>
    public static string Unfenced(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var text = answer.Trim();
        var line = text.IndexOf('\n', StringComparison.Ordinal);
        return text.StartsWith("```", StringComparison.Ordinal) && text.EndsWith("```", StringComparison.Ordinal) && line > 0 && text.Length > line + 3
            ? text[(line + 1)..^3].Trim()
            : text;
    }

    /// <summary>What is wrong with an answer; null when it fits.</summary>
    public string? Problem(string json)
    {
        try
        {
            using (JsonDocument.Parse(json, Strict))
            {
                var errors = _schema.Validate(json).SelectMany(Innermost).Take(MaxProblems).Select(Describe).ToList();
                return errors.Count == 0 ? null : string.Join("; ", errors);
            }
        }
        catch (JsonException e)
        {
            return $"it is not JSON: {e.Message}";
        }
        catch (Exception e) when (e is Newtonsoft.Json.JsonException or OverflowException or FormatException or ArgumentException)
        {
            return $"it cannot be read: {e.Message}";
        }
    }

    private static IEnumerable<ValidationError> Innermost(ValidationError error)
    {
        var inner = error is ChildSchemaValidationError child ? child.Errors.Values.SelectMany(e => e).SelectMany(Innermost).ToList() : [];
        return inner.Count == 0 ? [error] : inner;
    }

    private static string Describe(ValidationError error) => $"{SafeText.Line((error.Path ?? "").TrimStart('#', '/') is { Length: > 0 } path ? path : "the answer", 80)}: {Words(error.Kind)}";

    // PropertyRequired -> property required
    private static string Words(ValidationErrorKind kind) =>
        string.Concat(kind.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? " " : "") + char.ToLowerInvariant(c) : c.ToString()));
}
