using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>The methods of sets that take a set or a value.</summary>
internal enum SetMethod
{
    Contains,
    ContainsAll,
    ContainsAny,
}

/// <summary>contains, containsAll, containsAny.</summary>
internal sealed class SetMethodExpr(SetMethod method, Expr operand, Expr argument) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        if (operand.Evaluate(e) is not { } a || argument.Evaluate(e) is not { } b || e.As<SetValue>(a, "set") is not { } set)
        {
            return null;
        }

        if (method == SetMethod.Contains)
        {
            return CedarValue.Of(set.Contains(b));
        }

        return e.As<SetValue>(b, "set") is not { } other
            ? null
            : CedarValue.Of(method == SetMethod.ContainsAll ? set.ContainsAll(other) : set.ContainsAny(other));
    }
}

/// <summary>isEmpty.</summary>
internal sealed class IsEmptyExpr(Expr operand) : Expr
{
    public override CedarValue? Evaluate(Evaluation e) =>
        operand.Evaluate(e) is { } value && e.As<SetValue>(value, "set") is { } set ? CedarValue.Of(set.Items.IsEmpty) : null;
}

/// <summary>A function or method of an extension type. How many arguments it takes is asked when it is evaluated, as the reference does.</summary>
internal sealed class ExtensionExpr(string name, ImmutableArray<Expr> arguments) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        var values = new CedarValue[arguments.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (arguments[i].Evaluate(e) is not { } value)
            {
                return null;
            }

            values[i] = value;
        }

        return Extensions.Call(name, values, e);
    }
}
