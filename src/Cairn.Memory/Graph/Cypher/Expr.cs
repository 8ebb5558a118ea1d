using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>An expression of a query.</summary>
internal abstract class Expr(int offset)
{
    /// <summary>Where it stands in the text.</summary>
    public int Offset => offset;

    /// <summary>Its tokens with one blank between them, where the parser needs them for comparison; else null.</summary>
    public string? Source { get; set; }

    /// <summary>What it is made of.</summary>
    public virtual IEnumerable<Expr> Parts => [];

    public abstract object? Evaluate(Execution x, object?[] row);

    /// <summary>Adds the slots that must be filled before it can be evaluated.</summary>
    public virtual void Needs(ISet<int> slots)
    {
        foreach (var part in Parts)
        {
            part.Needs(slots);
        }
    }

    public bool? Test(Execution x, object?[] row) => Evaluate(x, row) switch
    {
        null => null,
        bool value => value,
        var other => throw Type($"a condition is {Kind(other)}, not true or false"),
    };

    public CypherException Type(string message) => new(CypherFault.Type, "InvalidArgumentType", offset, message);

    public static string Kind(object? value) => value switch
    {
        null => "null",
        bool => "a truth value",
        long => "a whole number",
        double => "a fraction",
        string => "a text",
        List<object?> => "a list",
        Dictionary<string, object?> => "a map",
        GraphNode => "a node",
        GraphEdge => "a relationship",
        _ => "a path",
    };
}

/// <summary>A value that stands in the text.</summary>
internal sealed class LiteralExpr(int offset, object? value) : Expr(offset)
{
    public object? Value => value;

    public override object? Evaluate(Execution x, object?[] row) => value;
}

/// <summary>$name</summary>
internal sealed class ParameterExpr(int offset, string name) : Expr(offset)
{
    public override object? Evaluate(Execution x, object?[] row) => x.Parameter(name, Offset);
}

/// <summary>A variable.</summary>
internal sealed class VariableExpr(int offset, Variable variable) : Expr(offset)
{
    public Variable Variable => variable;

    public override object? Evaluate(Execution x, object?[] row) => row[variable.Slot];

    public override void Needs(ISet<int> slots) => slots.Add(variable.Slot);
}

/// <summary>x.name: of a node, a relationship or a map.</summary>
internal sealed class PropertyExpr(int offset, Expr target, string name) : Expr(offset)
{
    private int _key = -1;

    public Expr Target => target;

    public string Name => name;

    public override IEnumerable<Expr> Parts => [target];

    public override object? Evaluate(Execution x, object?[] row)
    {
        var value = target.Evaluate(x, row);
        switch (value)
        {
            case null:
                return null;
            case GraphNode node:
                return x.Record(node.Id).Properties[Key(x.Graph)];
            case GraphEdge edge:
                return x.Graph.Edges[edge.Id].Properties[Key(x.Graph)];
            case Dictionary<string, object?> map:
                return map.GetValueOrDefault(name);
            default:
                throw Type($"{Kind(value)} has no property {name}");
        }
    }

    // A number once given stays, so what was found needs no second look.
    private int Key(GraphSnapshot graph) => _key >= 0 ? _key : _key = graph.Names.Find(name);
}

/// <summary>x:Label:Label</summary>
internal sealed class HasLabelsExpr(int offset, Expr target, IReadOnlyList<string> labels) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => [target];

    public override object? Evaluate(Execution x, object?[] row) => target.Evaluate(x, row) switch
    {
        null => null,
        GraphNode node => CypherValues.Of(labels.All(label => x.Graph.Nodes[node.Id]!.Has(x.Graph.Names.Find(label)))),
        GraphEdge edge => CypherValues.Of(labels.All(label => label == edge.Type)),
        var other => throw Type($"{Kind(other)} has no labels"),
    };
}

/// <summary>[a, b, …]</summary>
internal sealed class ListExpr(int offset, IReadOnlyList<Expr> items) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => items;

    public override object? Evaluate(Execution x, object?[] row)
    {
        var values = new List<object?>(items.Count);
        foreach (var item in items)
        {
            values.Add(item.Evaluate(x, row));
        }

        return values;
    }
}

/// <summary>{name: value, …}</summary>
internal sealed class MapExpr(int offset, IReadOnlyList<KeyValuePair<string, Expr>> items) : Expr(offset)
{
    public IReadOnlyList<KeyValuePair<string, Expr>> Items => items;

    public override IEnumerable<Expr> Parts => items.Select(item => item.Value);

    public override object? Evaluate(Execution x, object?[] row)
    {
        var map = new Dictionary<string, object?>(items.Count, StringComparer.Ordinal);
        foreach (var (name, value) in items)
        {
            map[name] = value.Evaluate(x, row);
        }

        return map;
    }
}

/// <summary>CASE … WHEN … THEN … ELSE … END</summary>
internal sealed class CaseExpr(int offset, Expr? subject, IReadOnlyList<(Expr When, Expr Then)> cases, Expr? otherwise) : Expr(offset)
{
    public override IEnumerable<Expr> Parts =>
        new[] { subject, otherwise }.OfType<Expr>().Concat(cases.SelectMany(each => new[] { each.When, each.Then }));

    public override object? Evaluate(Execution x, object?[] row)
    {
        var value = subject?.Evaluate(x, row);
        foreach (var (when, then) in cases)
        {
            if (subject is null ? when.Test(x, row) is true : CypherValues.AreEqual(value, when.Evaluate(x, row)) is true)
            {
                return then.Evaluate(x, row);
            }
        }

        return otherwise?.Evaluate(x, row);
    }
}

/// <summary>A function's call.</summary>
internal sealed class FunctionExpr(int offset, CypherFunction function, IReadOnlyList<Expr> arguments) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => arguments;

    public override object? Evaluate(Execution x, object?[] row)
    {
        var values = new object?[arguments.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].Evaluate(x, row);
        }

        return function.Call(x, this, values);
    }
}

/// <summary>What an aggregation came to; its place in the row is filled when a group is complete.</summary>
internal sealed class AggregateExpr(int offset, AggregateKind kind, Expr? argument, Expr? percentile, bool distinct, int slot) : Expr(offset)
{
    public AggregateKind Aggregate => kind;

    /// <summary>Null for count(*).</summary>
    public Expr? Argument => argument;

    public Expr? Percentile => percentile;

    public bool Distinct => distinct;

    public int Slot => slot;

    public override IEnumerable<Expr> Parts => argument is null ? [] : [argument];

    public override object? Evaluate(Execution x, object?[] row) => row[slot];
}
