namespace Cairn.Memory.Cypher;

/// <summary>The aggregations.</summary>
internal enum AggregateKind
{
    Count,
    Sum,
    Avg,
    Min,
    Max,
    Collect,
    StDev,
    StDevP,
    PercentileCont,
    PercentileDisc,
}

/// <summary>What an aggregation has seen of one group.</summary>
internal sealed class Accumulator(Execution x, AggregateExpr expr)
{
    private readonly HashSet<object?>? _distinct = expr.Distinct ? new(RowKey.Instance) : null;
    private readonly List<object?> _values = [];
    private long _count;
    private object? _best;
    private object _sum = 0L;
    private double? _percentile;

    public void Add(object?[] row)
    {
        if (expr.Argument is null)
        {
            _count++;
            return;
        }

        if (expr.Percentile is not null && _percentile is null)
        {
            var given = expr.Percentile.Evaluate(x, row);
            var part = given is long or double ? CypherFunctions.ToDouble(given) : double.NaN;
            _percentile = part is >= 0 and <= 1
                ? part
                : throw new CypherException(CypherFault.Argument, "NumberOutOfRange", expr.Percentile.Offset, "a percentile is a number from 0.0 to 1.0");
        }

        if (expr.Argument.Evaluate(x, row) is not { } value || _distinct?.Add(value) == false)
        {
            return;
        }

        _count++;
        switch (expr.Aggregate)
        {
            case AggregateKind.Count:
                break;
            case AggregateKind.Min:
                _best = _best is null || CypherValues.Order(value, _best) < 0 ? value : _best;
                break;
            case AggregateKind.Max:
                _best = _best is null || CypherValues.Order(value, _best) > 0 ? value : _best;
                break;
            case AggregateKind.Sum or AggregateKind.Avg:
                Sum(value);
                break;
            default:
                if (expr.Aggregate != AggregateKind.Collect && value is not (long or double))
                {
                    throw expr.Type($"a number is needed, and this is {Expr.Kind(value)}");
                }

                _values.Add(value);
                x.CheckLength(_values.Count, expr.Offset);
                break;
        }
    }

    public object? Result() => expr.Aggregate switch
    {
        AggregateKind.Count => _count,
        AggregateKind.Sum => _sum,
        AggregateKind.Avg => _count == 0 ? null : CypherFunctions.ToDouble(_sum) / _count,
        AggregateKind.Min or AggregateKind.Max => _best,
        AggregateKind.Collect => _values,
        AggregateKind.StDev or AggregateKind.StDevP => Deviation(),
        _ => Percentile(),
    };

    private void Sum(object value)
    {
        _sum = (_sum, value) switch
        {
            (long a, long b) => a > 0 == b > 0 && (a > 0 ? a > long.MaxValue - b : a < long.MinValue - b)
                ? throw new CypherException(CypherFault.Arithmetic, "IntegerOverflow", expr.Offset, "the sum does not fit into 64 bits")
                : (object)(a + b),
            (_, long or double) => CypherFunctions.ToDouble(_sum) + CypherFunctions.ToDouble(value),
            _ => throw expr.Type($"a number is needed, and this is {Expr.Kind(value)}"),
        };
    }

    private double Deviation()
    {
        var numbers = _values.ConvertAll(value => CypherFunctions.ToDouble(value!));
        var divisor = numbers.Count - (expr.Aggregate == AggregateKind.StDev ? 1 : 0);
        if (divisor <= 0)
        {
            return 0;
        }

        var mean = numbers.Average();
        return Math.Sqrt(numbers.Sum(number => (number - mean) * (number - mean)) / divisor);
    }

    private object? Percentile()
    {
        if (_values.Count == 0)
        {
            return null;
        }

        _values.Sort(CypherValues.Order);
        var part = _percentile ?? 0;
        if (expr.Aggregate == AggregateKind.PercentileDisc)
        {
            return _values[Math.Max(0, (int)Math.Ceiling(part * _values.Count) - 1)];
        }

        var place = part * (_values.Count - 1);
        var (low, high) = ((int)Math.Floor(place), (int)Math.Ceiling(place));
        var (a, b) = (CypherFunctions.ToDouble(_values[low]!), CypherFunctions.ToDouble(_values[high]!));
        return a + ((b - a) * (place - low));
    }
}
