namespace Cairn.Memory.Cypher;

/// <summary>x + y, x - y, x * y, x / y, x % y, x ^ y</summary>
internal sealed class ArithmeticExpr(int offset, char sign, Expr left, Expr right) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => [left, right];

    public override object? Evaluate(Execution x, object?[] row)
    {
        var (a, b) = (left.Evaluate(x, row), right.Evaluate(x, row));
        if (sign == '+' && (a is List<object?> || b is List<object?>))
        {
            return Join(x, a, b);
        }

        if (a is null || b is null)
        {
            return null;
        }

        if (sign == '+' && (a is string || b is string) && a is string or long or double && b is string or long or double)
        {
            var (s, t) = (Text(a), Text(b));
            x.CheckLength(s.Length + t.Length, Offset);
            return s + t;
        }

        try
        {
            return (a, b) switch
            {
                (long i, long j) when sign != '^' => Whole(i, j),
                (long or double, long or double) => Fraction(CypherFunctions.ToDouble(a), CypherFunctions.ToDouble(b)),
                _ => throw Type($"`{sign}` cannot be done with {Kind(a)} and {Kind(b)}"),
            };
        }
        catch (OverflowException)
        {
            throw new CypherException(CypherFault.Arithmetic, "IntegerOverflow", Offset, "the result does not fit into 64 bits");
        }
    }

    private static string Text(object value) => value is double number ? CypherValues.Text(number) : $"{value}";

    private object? Join(Execution x, object? a, object? b)
    {
        if (a is null || b is null)
        {
            return null;
        }

        var joined = new List<object?>();
        joined.AddRange(a as List<object?> ?? [a]);
        joined.AddRange(b as List<object?> ?? [b]);
        x.CheckLength(joined.Count, Offset);
        return joined;
    }

    private object Whole(long a, long b) => checked(sign switch
    {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '/' => b == 0 ? throw ByZero() : a / b,
        _ => b == 0 ? throw ByZero() : b == -1 ? 0 : a % b,
    });

    private object Fraction(double a, double b) => sign switch
    {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '/' => a / b,
        '%' => a % b,
        _ => Math.Pow(a, b),
    };

    private CypherException ByZero() => new(CypherFault.Arithmetic, "DivisionByZero", Offset, "a division by zero");
}
