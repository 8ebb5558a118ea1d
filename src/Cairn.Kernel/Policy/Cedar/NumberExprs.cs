namespace Cairn.Kernel.Cedar;

/// <summary>+, - and *.</summary>
internal enum Arithmetic
{
    Add,
    Subtract,
    Multiply,
}

/// <summary>Arithmetic of 64-bit integers: what does not fit is an error.</summary>
internal sealed class ArithmeticExpr(Arithmetic op, Expr left, Expr right) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        if (left.Evaluate(e) is not { } a || right.Evaluate(e) is not { } b
            || e.As<LongValue>(a, "long") is not { } x || e.As<LongValue>(b, "long") is not { } y)
        {
            return null;
        }

        var exact = op switch
        {
            Arithmetic.Add => (Int128)x.Value + y.Value,
            Arithmetic.Subtract => (Int128)x.Value - y.Value,
            _ => (Int128)x.Value * y.Value,
        };
        return exact >= long.MinValue && exact <= long.MaxValue ? new LongValue((long)exact) : e.Fail("integer overflow: the result does not fit into 64 bits");
    }
}

/// <summary>&lt;, &lt;=, &gt;, &gt;=</summary>
internal enum Comparison
{
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// <summary>Comparison of two integers, two datetimes or two durations.</summary>
internal sealed class CompareExpr(Comparison op, Expr left, Expr right) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        if (left.Evaluate(e) is not { } a || right.Evaluate(e) is not { } b)
        {
            return null;
        }

        return (a, b) switch
        {
            (LongValue x, LongValue y) => Compare(op, x.Value, y.Value),
            (DateTimeValue x, DateTimeValue y) => Compare(op, x.Epoch, y.Epoch),
            (DurationValue x, DurationValue y) => Compare(op, x.Milliseconds, y.Milliseconds),
            (LongValue or DateTimeValue or DurationValue, _) => e.Wrong(a.Type, b),
            _ => e.Wrong("long, datetime or duration", a),
        };
    }

    public static CedarValue Compare(Comparison op, long x, long y) => CedarValue.Of(op switch
    {
        Comparison.Less => x < y,
        Comparison.LessEqual => x <= y,
        Comparison.Greater => x > y,
        _ => x >= y,
    });
}
