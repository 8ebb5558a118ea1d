using System.Text.RegularExpressions;

namespace Cairn.Memory.Cypher;

/// <summary>The connectives.</summary>
internal enum Connective
{
    And,
    Or,
    Xor,
}

/// <summary>x AND y, x OR y, x XOR y, in three values.</summary>
internal sealed class ConnectiveExpr(int offset, Connective connective, Expr left, Expr right) : Expr(offset)
{
    public Connective Connective => connective;

    public override IEnumerable<Expr> Parts => [left, right];

    public override object? Evaluate(Execution x, object?[] row)
    {
        var a = left.Test(x, row);
        if (connective != Connective.Xor && a == (connective == Connective.Or))
        {
            return CypherValues.Of(a);
        }

        var b = right.Test(x, row);
        return CypherValues.Of(connective switch
        {
            Connective.And => a & b,
            Connective.Or => a | b,
            _ => a is null || b is null ? null : a != b,
        });
    }
}

/// <summary>NOT x</summary>
internal sealed class NotExpr(int offset, Expr operand) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => [operand];

    public override object? Evaluate(Execution x, object?[] row) => CypherValues.Of(!operand.Test(x, row));
}

/// <summary>x = y and its kin.</summary>
internal sealed class CompareExpr(int offset, string comparison, Expr left, Expr right) : Expr(offset)
{
    public string Comparison => comparison;

    public Expr Left => left;

    public Expr Right => right;

    public override IEnumerable<Expr> Parts => [left, right];

    public override object? Evaluate(Execution x, object?[] row)
    {
        var (a, b) = (left.Evaluate(x, row), right.Evaluate(x, row));
        if (comparison is "=" or "<>")
        {
            var equal = CypherValues.AreEqual(a, b);
            return CypherValues.Of(comparison == "=" ? equal : !equal);
        }

        if (a is double.NaN || b is double.NaN)
        {
            return a is long or double && b is long or double ? CypherValues.False : null;
        }

        return CypherValues.Compare(a, b) is not { } order ? null : CypherValues.Of(comparison switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        });
    }
}

/// <summary>x IS NULL, x IS NOT NULL</summary>
internal sealed class NullTestExpr(int offset, Expr operand, bool negated) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => [operand];

    public override object? Evaluate(Execution x, object?[] row) => CypherValues.Of(operand.Evaluate(x, row) is null != negated);
}

/// <summary>x IN list</summary>
internal sealed class InExpr(int offset, Expr item, Expr list) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => [item, list];

    public override object? Evaluate(Execution x, object?[] row)
    {
        var value = item.Evaluate(x, row);
        switch (list.Evaluate(x, row))
        {
            case null:
                return null;
            case List<object?> items:
                x.Charge(items.Count);
                bool? found = false;
                foreach (var each in items)
                {
                    switch (CypherValues.AreEqual(value, each))
                    {
                        case true:
                            return CypherValues.True;
                        case null:
                            found = null;
                            break;
                    }
                }

                return CypherValues.Of(found);
            case var other:
                throw Type($"IN needs a list and got {Kind(other)}");
        }
    }
}

/// <summary>The tests of texts.</summary>
internal enum TextTest
{
    StartsWith,
    EndsWith,
    Contains,
    Matches,
}

/// <summary>x STARTS WITH y, x ENDS WITH y, x CONTAINS y, x =~ y: null when one of them is no text.</summary>
internal sealed class TextTestExpr(int offset, TextTest test, Expr left, Expr right) : Expr(offset)
{
    private (string Pattern, Regex Regex)? _last;

    public override IEnumerable<Expr> Parts => [left, right];

    public override object? Evaluate(Execution x, object?[] row)
    {
        if (left.Evaluate(x, row) is not string text || right.Evaluate(x, row) is not string part)
        {
            return null;
        }

        x.Charge(text.Length >> 6);
        return CypherValues.Of(test switch
        {
            TextTest.StartsWith => text.StartsWith(part, StringComparison.Ordinal),
            TextTest.EndsWith => text.EndsWith(part, StringComparison.Ordinal),
            TextTest.Contains => text.Contains(part, StringComparison.Ordinal),
            _ => Regex(part).IsMatch(text),
        });
    }

    // Without backtracking a pattern takes time in proportion to the text, whoever wrote it.
    private Regex Regex(string pattern)
    {
        if (_last is not { } last || last.Pattern != pattern)
        {
            try
            {
                _last = last = (pattern, new Regex($"^(?:{pattern})$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant));
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                throw new CypherException(CypherFault.Argument, "InvalidRegex", Offset, $"the pattern cannot be used: {e.Message}");
            }
        }

        return last.Regex;
    }
}
