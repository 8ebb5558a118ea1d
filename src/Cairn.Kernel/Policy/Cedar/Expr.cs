using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>An expression of a policy.</summary>
internal abstract class Expr
{
    /// <summary>The expression's value; null when it has none, and <see cref="Evaluation.Error"/> says why.</summary>
    public abstract CedarValue? Evaluate(Evaluation e);
}

/// <summary>The four variables.</summary>
internal enum Variable
{
    Principal,
    Action,
    Resource,
    Context,
}

/// <summary>A value that stands in the text.</summary>
internal sealed class LiteralExpr(CedarValue value) : Expr
{
    public CedarValue Value => value;

    public override CedarValue? Evaluate(Evaluation e) => value;
}

/// <summary>principal, action, resource or context.</summary>
internal sealed class VariableExpr(Variable variable) : Expr
{
    public override CedarValue? Evaluate(Evaluation e) => variable switch
    {
        Variable.Principal => e.Principal,
        Variable.Action => e.Action,
        Variable.Resource => e.Resource,
        _ => e.Context,
    };
}

/// <summary>if … then … else …: only the branch that is taken is evaluated.</summary>
internal sealed class IfExpr(Expr test, Expr then, Expr otherwise) : Expr
{
    public override CedarValue? Evaluate(Evaluation e) => e.Bool(test) switch
    {
        true => then.Evaluate(e),
        false => otherwise.Evaluate(e),
        null => null,
    };
}

/// <summary>A chain of &amp;&amp;: ends at the first false.</summary>
internal sealed class AndExpr(ImmutableArray<Expr> terms) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        foreach (var term in terms)
        {
            var value = e.Bool(term);
            if (value is not true)
            {
                return value is null ? null : BoolValue.False;
            }
        }

        return BoolValue.True;
    }
}

/// <summary>A chain of ||: ends at the first true.</summary>
internal sealed class OrExpr(ImmutableArray<Expr> terms) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        foreach (var term in terms)
        {
            var value = e.Bool(term);
            if (value is not false)
            {
                return value is null ? null : BoolValue.True;
            }
        }

        return BoolValue.False;
    }
}

/// <summary>!x</summary>
internal sealed class NotExpr(Expr operand) : Expr
{
    public override CedarValue? Evaluate(Evaluation e) => e.Bool(operand) is { } value ? CedarValue.Of(!value) : null;
}

/// <summary>-x</summary>
internal sealed class NegateExpr(Expr operand) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        if (operand.Evaluate(e) is not { } value || e.As<LongValue>(value, "long") is not { } number)
        {
            return null;
        }

        return number.Value == long.MinValue ? e.Fail("integer overflow: the number has no positive counterpart") : new LongValue(-number.Value);
    }
}

/// <summary>x == y, x != y: of any two values; those of different types are unequal.</summary>
internal sealed class EqualExpr(Expr left, Expr right, bool negated) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        if (left.Evaluate(e) is not { } x || right.Evaluate(e) is not { } y)
        {
            return null;
        }

        return CedarValue.Of(x.Equals(y) != negated);
    }
}

/// <summary>A set written in the text.</summary>
internal sealed class SetExpr(ImmutableArray<Expr> items) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        var values = new CedarValue[items.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (items[i].Evaluate(e) is not { } value)
            {
                return null;
            }

            values[i] = value;
        }

        return SetValue.Of(values);
    }
}

/// <summary>A record written in the text.</summary>
internal sealed class RecordExpr(ImmutableArray<KeyValuePair<string, Expr>> items) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        var values = new KeyValuePair<string, CedarValue>[items.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (items[i].Value.Evaluate(e) is not { } value)
            {
                return null;
            }

            values[i] = new(items[i].Key, value);
        }

        return RecordValue.Of(values);
    }
}
