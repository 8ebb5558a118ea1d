
namespace Cairn.Kernel.Cedar;

/// <summary>The extension types: decimal, ipaddr, datetime and duration.</summary>
internal static class Extensions
{
    public static bool IsFunction(string name) => name is "decimal" or "ip" or "datetime" or "duration";

    public static bool IsMethod(string name) => Arity(name) is not 0 && !IsFunction(name);

    public static CedarValue? Call(string name, ReadOnlySpan<CedarValue> arguments, Evaluation e)
    {
        if (arguments.Length != Arity(name))
        {
            return e.Fail($"{name} takes another number of arguments than {arguments.Length}");
        }

        return name switch
        {
            "decimal" or "ip" or "datetime" or "duration" => Construct(name, arguments[0], e),
            "lessThan" => CompareDecimals(Comparison.Less, arguments, e),
            "lessThanOrEqual" => CompareDecimals(Comparison.LessEqual, arguments, e),
            "greaterThan" => CompareDecimals(Comparison.Greater, arguments, e),
            "greaterThanOrEqual" => CompareDecimals(Comparison.GreaterEqual, arguments, e),
            "offset" or "durationSince" => Between(name, arguments, e),
            "toDate" or "toTime" => PartOf(name, arguments[0], e),
            "isInRange" => IsInRange(arguments, e),
            _ when name.StartsWith("is", StringComparison.Ordinal) => AskAddress(name, arguments[0], e),
            _ => Length(name, arguments[0], e),
        };
    }

    /// <summary>The arguments of a function, the object of a method included; 0 when there is none of the name.</summary>
    private static int Arity(string name) => name switch
    {
        "decimal" or "ip" or "datetime" or "duration" => 1,
        "isIpv4" or "isIpv6" or "isLoopback" or "isMulticast" => 1,
        "toDate" or "toTime" or "toMilliseconds" or "toSeconds" or "toMinutes" or "toHours" or "toDays" => 1,
        "lessThan" or "lessThanOrEqual" or "greaterThan" or "greaterThanOrEqual" => 2,
        "isInRange" or "offset" or "durationSince" => 2,
        _ => 0,
    };

    private static CedarValue? Construct(string name, CedarValue argument, Evaluation e)
    {
        if (e.As<StringValue>(argument, "string") is not { } text)
        {
            return null;
        }

        CedarValue? value = name switch
        {
            "decimal" => DecimalValue.Parse(text.Value),
            "ip" => IpValue.Parse(text.Value),
            "datetime" => DateTimeValue.Parse(text.Value),
            _ => DurationValue.Parse(text.Value),
        };
        return value ?? e.Fail($"{name} cannot be made of {text}");
    }

    private static CedarValue? CompareDecimals(Comparison op, ReadOnlySpan<CedarValue> arguments, Evaluation e) =>
        e.As<DecimalValue>(arguments[0], "decimal") is { } x && e.As<DecimalValue>(arguments[1], "decimal") is { } y
            ? CompareExpr.Compare(op, x.Value, y.Value)
            : null;

    private static CedarValue? Between(string name, ReadOnlySpan<CedarValue> arguments, Evaluation e)
    {
        if (e.As<DateTimeValue>(arguments[0], "datetime") is not { } from)
        {
            return null;
        }

        if (name == "offset")
        {
            return e.As<DurationValue>(arguments[1], "duration") is not { } by
                ? null
                : Fits((Int128)from.Epoch + by.Milliseconds, out var moment) ? new DateTimeValue(moment) : e.Fail("offset: the moment does not fit into 64 bits");
        }

        return e.As<DateTimeValue>(arguments[1], "datetime") is not { } other
            ? null
            : Fits((Int128)from.Epoch - other.Epoch, out var length) ? new DurationValue(length) : e.Fail("durationSince: the duration does not fit into 64 bits");
    }

    private static CedarValue? PartOf(string name, CedarValue argument, Evaluation e)
    {
        if (e.As<DateTimeValue>(argument, "datetime") is not { } moment)
        {
            return null;
        }

        return name == "toTime" ? new DurationValue(moment.Time) : moment.Date ?? e.Fail("toDate: the day does not fit into 64 bits");
    }

    private static CedarValue? IsInRange(ReadOnlySpan<CedarValue> arguments, Evaluation e) =>
        e.As<IpValue>(arguments[0], "ipaddr") is { } address && e.As<IpValue>(arguments[1], "ipaddr") is { } range
            ? CedarValue.Of(address.IsInRange(range))
            : null;

    private static CedarValue? AskAddress(string name, CedarValue argument, Evaluation e) =>
        e.As<IpValue>(argument, "ipaddr") is not { } address ? null : CedarValue.Of(name switch
        {
            "isIpv4" => !address.IsV6,
            "isIpv6" => address.IsV6,
            "isLoopback" => address.IsLoopback,
            _ => address.IsMulticast,
        });

    private static CedarValue? Length(string name, CedarValue argument, Evaluation e) =>
        e.As<DurationValue>(argument, "duration") is not { } length ? null : new LongValue(length.Milliseconds / (name switch
        {
            "toSeconds" => 1000L,
            "toMinutes" => 60_000,
            "toHours" => 3_600_000,
            "toDays" => 86_400_000,
            _ => 1,
        }));

    private static bool Fits(Int128 exact, out long value)
    {
        var fits = exact >= long.MinValue && exact <= long.MaxValue;
        value = fits ? (long)exact : 0;
        return fits;
    }
}
