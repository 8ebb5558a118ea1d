namespace Cairn.Kernel.Cedar;

/// <summary>
/// What the expressions of one decision see. An expression that cannot be evaluated returns null and leaves the reason
/// here: errors are common in policies, and exceptions cost a thousand times as much.
/// </summary>
internal sealed class Evaluation(PolicyRequest request, Entities entities)
{
    public CedarValue Principal { get; } = new EntityValue(request.Principal);

    public CedarValue Action { get; } = new EntityValue(request.Action);

    public CedarValue Resource { get; } = new EntityValue(request.Resource);

    public CedarValue Context => request.Context;

    public Entities Entities => entities;

    private readonly Entity? _resource = entities.Find(request.Resource);

    /// <summary>What is known of an entity; the resource, which most rules ask about, is looked up once.</summary>
    public Entity? Find(EntityValue value) => ReferenceEquals(value, Resource) ? _resource : entities.Find(value.Uid);

    /// <summary>Why the last expression that returned null could not be evaluated.</summary>
    public string Error { get; private set; } = "";

    public CedarValue? Fail(string error)
    {
        Error = error;
        return null;
    }

    /// <summary>Null with an error, so that a caller can write `as X ?? Wrong(…)`.</summary>
    public CedarValue? Wrong(string expected, CedarValue found) => Fail($"type error: expected {expected}, got {found.Type}");

    /// <summary>The Boolean that an expression comes to; null when it comes to none.</summary>
    public bool? Bool(Expr expr)
    {
        var value = expr.Evaluate(this);
        if (value is BoolValue found)
        {
            return found.Value;
        }

        if (value is not null)
        {
            Wrong("bool", value);
        }

        return null;
    }

    /// <summary>The value of a certain type that an expression comes to; null when it comes to none.</summary>
    public T? As<T>(CedarValue value, string expected)
        where T : CedarValue
    {
        if (value is T found)
        {
            return found;
        }

        Wrong(expected, value);
        return null;
    }
}
