namespace Cairn.Memory.Cypher;

/// <summary>What a variable stands for, as far as a query's text says.</summary>
internal enum VariableKind
{
    /// <summary>Not known.</summary>
    Value,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text or truth value.</summary>
    Word,
    List,
    Map,
    Node,
    Relationship,
    Relationships,
    Path,
}

/// <summary>A variable and its place in a row.</summary>
internal sealed class Variable(string name, int slot, VariableKind kind)
{
    public string Name => name;

    public int Slot => slot;

    public VariableKind Kind => kind;

    /// <summary>It belongs to one expression: to a comprehension or a quantifier.</summary>
    public bool IsLocal { get; init; }

    /// <summary>Some expression reads it. What nobody reads need not be made.</summary>
    public bool IsRead { get; set; }
}

/// <summary>The rows of a part of a query: how many places each has.</summary>
internal sealed class RowShape
{
    public int Slots { get; private set; }

    public int NewSlot() => Slots++;
}

/// <summary>The variables that can be named at a place.</summary>
internal sealed class Scope(RowShape shape, Scope? outer = null)
{
    private readonly Dictionary<string, Variable> _own = new(StringComparer.Ordinal);

    public RowShape Shape => shape;

    /// <summary>The variables of this scope itself, in the order of their slots.</summary>
    public IEnumerable<Variable> Own => _own.Values.OrderBy(variable => variable.Slot);

    public Variable? Find(string name) => _own.TryGetValue(name, out var variable) ? variable : outer?.Find(name);

    public Variable Declare(string name, VariableKind kind) => Declare(name, shape.NewSlot(), kind);

    public Variable DeclareLocal(string name, VariableKind kind) => _own[name] = new(name, shape.NewSlot(), kind) { IsLocal = true };

    public Variable Declare(string name, int slot, VariableKind kind) => _own[name] = new(name, slot, kind);
}
