using System.Globalization;
using System.Text;

namespace Cairn.Tests.Integration.Policy;

/// <summary>Writes expressions by chance. Most are of the type that their place wants; some are not, on purpose.</summary>
internal sealed class ExpressionWriter(Random random, WorldWriter world)
{
    private static readonly char[] Kinds = ['b', 'n', 's', 'e', 't', 'r', 'd', 'i', 'w', 'u'];

    private static readonly string[] Broken =
    [
        "decimal(\"1\")", "decimal(\"1.23456\")", "decimal(\"+1.0\")", "decimal(\".5\")", "decimal(\"5.\")", "decimal(\"922337203685477.5808\")", "decimal(\"-922337203685477.5809\")",
        "decimal(\"1.0 \")", "decimal(\"1.0\\n\")", "decimal(\"99999999999999999999.0\")", "decimal()", "decimal(\"1.0\", \"2.0\")", "decimal(1)", "ip(\"1.2.3\")", "ip(\"1.2.3.4.5\")",
        "ip(\"01.2.3.4\")", "ip(\"256.1.1.1\")", "ip(\"1.2.3.4/33\")", "ip(\"1.2.3.4/08\")", "ip(\"1.2.3.4/\")", "ip(\"::ffff:1.2.3.4\")", "ip(\"::1/129\")", "ip(\"1::2::3\")", "ip(\":::\")",
        "ip(\"12345::\")", "ip(\"1:2:3:4:5:6:7:8:9\")", "ip(\"1:2:3:4:5:6:7\")", "ip(\"1:2:3:4:5:6:7::8\")", "ip(\"::g\")", "ip(\":1\")", "ip(\"1:\")", "ip(\"\")", "ip(\"1.2.3.4 \")", "ip(\"::/0/0\")",
        "datetime(\"2023-02-29\")", "datetime(\"1900-02-29\")", "datetime(\"2024-13-01\")", "datetime(\"2024-00-01\")", "datetime(\"2024-1-1\")", "datetime(\"2024-01-01T24:00:00Z\")",
        "datetime(\"2024-01-01T00:60:00Z\")", "datetime(\"2024-01-01T00:00:60Z\")", "datetime(\"2024-01-01T00:00:00\")", "datetime(\"2024-01-01T00:00:00.12Z\")", "datetime(\"2024-01-01T00:00:00+2400\")",
        "datetime(\"2024-01-01T00:00:00+0060\")", "datetime(\"2024-01-01T00:00:00z\")", "datetime(\"2024-01-01 00:00:00Z\")", "datetime(\"2024-01-01Z\")", "datetime(\"-001-01-01\")", "datetime(\"\")",
        "duration(\"\")", "duration(\"-\")", "duration(\"1\")", "duration(\"1h1d\")", "duration(\"1ms1s\")", "duration(\"1d1d\")", "duration(\"9223372036854775808ms\")", "duration(\"106751991168d\")",
        "duration(\"+1d\")", "duration(\"1D\")", "duration(\"d\")", "duration(\"1.5s\")", "duration(\"99999999999999999999ms\")", "duration(\" 1d\")", "9223372036854775807 + 1", "-9223372036854775808 - 1",
        "--9223372036854775808", "3037000500 * 3037000500", "datetime(\"9999-12-31\").offset(duration(\"9223372036854775807ms\"))",
        "datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\")).toDate()", "datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\")).toTime()",
        "datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\")).durationSince(datetime(\"2000-01-01\"))", "ip(\"1.2.3.4\").isInRange()",
        "ip(\"1.2.3.4\").isInRange(ip(\"1.0.0.0/8\"), ip(\"2.0.0.0/8\"))", "ip(\"1.2.3.4\").isIpv4(1)", "decimal(\"1.0\").lessThan()", "\"1.0\".lessThan(decimal(\"2.0\"))", "User::\"nobody\".n",
        "User::\"nobody\".getTag(\"n\")", "context.getTag(\"n\")", "principal.hasTag(1)", "1 in User::\"a\"", "principal in 1", "principal in [1]", "principal in [principal, 1]", "1 is User", "1 like \"a\"",
        "1 has a", "[1].contains()", "1.contains(1)", "[1].containsAll(1)", "1 < \"a\"", "decimal(\"1.0\") < decimal(\"2.0\")", "datetime(\"2024-01-01\") < duration(\"1d\")", "true < false",
    ];

    public string Bool(int depth) => Write('b', depth);

    public string Write(char kind, int depth)
    {
        var chance = random.Next(100);
        if (chance < 2)
        {
            kind = world.Pick(Kinds);
        }
        else if (chance < 4)
        {
            return $"({world.Pick(Broken)})";
        }

        if (depth > 0 && random.Next(10) == 0)
        {
            return $"(if {Bool(depth - 1)} then {Write(kind, depth - 1)} else {Write(kind, depth - 1)})";
        }

        if (kind != 'b' && random.Next(3) == 0)
        {
            return Attribute(kind, depth);
        }

        return kind switch
        {
            'b' => Boolean(depth),
            'n' => Number(depth),
            's' => Quote(world.Pick(WorldWriter.Texts)),
            'e' => Entity(),
            't' => $"[{string.Join(", ", Enumerable.Range(0, random.Next(5)).Select(_ => Write(random.Next(3) == 0 ? world.Pick(Kinds) : 'n', depth - 2)))}{(random.Next(10) == 0 ? "" : "")}]",
            'r' => Record(depth),
            'd' => $"decimal({Quote(world.Pick(WorldWriter.Decimals))})",
            'i' => $"ip({Quote(world.Pick(WorldWriter.Addresses))})",
            'w' => Moment(depth),
            _ => depth > 0 && random.Next(4) == 0
                ? random.Next(2) == 0 ? $"{Write('w', depth - 1)}.durationSince({Write('w', depth - 1)})" : $"{Write('w', depth - 1)}.toTime()"
                : $"duration({Quote(world.Pick(WorldWriter.Durations))})",
        };
    }

    public string Entity() => random.Next(8) switch
    {
        0 or 1 => "principal",
        2 => "action",
        3 or 4 => "resource",
        _ => $"{world.Pick(WorldWriter.Types)}::{Quote(world.Pick(WorldWriter.Ids))}",
    };

    /// <summary>A text with its escapes; the same text is written in many ways.</summary>
    public string Quote(string text, bool pattern = false)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            var plain = rune.Value is not ('"' or '\\' or '\r');
            quoted.Append(random.Next(12) switch
            {
                0 => string.Create(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}"),
                1 when rune.Value < 0x80 => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                2 => string.Create(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:X6}}}"),
                3 when rune.Value == '*' && pattern => "\\*",
                _ when rune.Value == '\n' && random.Next(2) == 0 => "\\n",
                _ when rune.Value == '\0' && random.Next(2) == 0 => "\\0",
                _ when plain => rune.ToString(),
                _ => rune.Value == '\r' ? "\\r" : $"\\{rune}",
            });
        }

        return quoted.Append('"').ToString();
    }

    private string Boolean(int depth)
    {
        if (depth <= 0)
        {
            return random.Next(5) switch { 0 => "true", 1 => "false", 2 => "context.b", _ => $"{Entity()} in {Entity()}" };
        }

        var d = depth - 1;
        return random.Next(26) switch
        {
            0 or 1 => $"{Operand(d)} && {Operand(d)}{(random.Next(3) == 0 ? $" && {Operand(d)}" : "")}",
            2 or 3 => $"{Operand(d)} || {Operand(d)}{(random.Next(3) == 0 ? $" && {Operand(d)}" : "")}",
            4 => $"{new string('!', random.Next(1, 5))}{Operand(d)}",
            5 or 6 => $"{Write('n', d)} {world.Pick(["<", "<=", ">", ">=", "==", "!="])} {Write('n', d)}",
            7 => Equality(d),
            8 => $"{Write('e', d)} in {(random.Next(2) == 0 ? Write('e', d) : $"[{Write('e', d)}, {Write('e', d)}]")}",
            9 => $"{Write('e', d)} is {world.Pick(WorldWriter.Types)}{(random.Next(2) == 0 ? $" in {Write('e', d)}" : "")}",
            10 or 11 => $"{(random.Next(2) == 0 ? Write('e', d) : Write('r', d))} has {Path()}",
            12 or 13 => $"{Write('s', d)} like {Pattern()}",
            14 => $"{Write('t', d)}.contains({Write('n', d)})",
            15 => $"{Write('t', d)}.{world.Pick(["containsAll", "containsAny"])}({Write('t', d)})",
            16 => $"{Write('t', d)}.isEmpty()",
            17 => $"{Write('e', d)}.hasTag({Write('s', d)})",
            18 => $"{Write('d', d)}.{world.Pick(["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"])}({Write('d', d)})",
            19 => $"{Write('i', d)}.{world.Pick(["isIpv4", "isIpv6", "isLoopback", "isMulticast"])}()",
            20 => $"{Write('i', d)}.isInRange({Write('i', d)})",
            21 => $"{Write('w', d)} {world.Pick(["<", "<=", ">", ">="])} {Write('w', d)}",
            22 => $"{Write('u', d)} {world.Pick(["<", "<=", ">", ">="])} {Write('u', d)}",
            23 => $"{Write('e', d)}.getTag({Quote(world.Pick(WorldWriter.Names))}) == {Write(world.Pick(Kinds), d)}",
            24 => Attribute('b', d),
            _ => $"({Bool(d)})",
        };
    }

    private string Operand(int depth) => random.Next(3) == 0 ? $"({Bool(depth)})" : Chainable(Bool(depth));

    /// <summary>What has an operator of its own needs parentheses beside another one.</summary>
    private static string Chainable(string text) => $"({text})";

    private string Equality(int depth)
    {
        var kind = world.Pick(Kinds);
        return $"({Write(kind, depth)}) {world.Pick(["==", "!="])} ({Write(random.Next(6) == 0 ? world.Pick(Kinds) : kind, depth)})";
    }

    private string Number(int depth)
    {
        if (depth > 0 && random.Next(3) == 0)
        {
            return random.Next(3) switch
            {
                0 => $"({Write('n', depth - 1)} {world.Pick(["+", "-", "*"])} {Write('n', depth - 1)})",
                1 => $"({Write('n', 0)} {world.Pick(["+", "-"])} {Write('n', 0)} * {Write('n', depth - 1)})",
                _ => $"{Write('u', depth - 1)}.{world.Pick(["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"])}()",
            };
        }

        var number = world.Pick(WorldWriter.Numbers);
        var text = number.ToString(CultureInfo.InvariantCulture);
        return random.Next(12) switch
        {
            0 => $"(-{(number < 0 ? $"({text})" : text)})",
            1 when number > 0 => $"(--{text})",
            2 when number >= 0 => $"00{text}",
            _ => number < 0 ? $"({text})" : text,
        };
    }

    private string Moment(int depth) => depth > 0 && random.Next(3) == 0
        ? random.Next(2) == 0 ? $"{Write('w', depth - 1)}.offset({Write('u', depth - 1)})" : $"{Write('w', depth - 1)}.toDate()"
        : $"datetime({Quote(world.Pick(WorldWriter.Moments))})";

    private string Record(int depth)
    {
        var names = WorldWriter.Names.Where(_ => random.Next(5) == 0).ToList();
        var items = names.Select(n => $"{(Identifier(n) && random.Next(2) == 0 ? n : Quote(n))}: {Write(Kind(n), depth - 2)}");
        return $"{{{string.Join(", ", items)}{(names.Count > 0 && random.Next(5) == 0 ? "," : "")}}}";
    }

    private string Attribute(char kind, int depth)
    {
        var name = kind.ToString();
        var holder = random.Next(4) switch
        {
            0 when depth > 0 => $"({Write('r', depth - 1)})",
            1 => Entity(),
            2 => "context.r",
            _ => "context",
        };
        return random.Next(4) == 0 ? $"{holder}[{Quote(name)}]" : $"{holder}.{name}";
    }

    private string Path()
    {
        var name = world.Pick(WorldWriter.Names);
        return random.Next(3) == 0 || !Identifier(name)
            ? Quote(name)
            : random.Next(3) == 0 ? $"{name}.{world.Pick(["r", "n", "e"])}{(random.Next(2) == 0 ? ".n" : "")}" : random.Next(6) == 0 ? "r.r.n" : name;
    }

    private string Pattern()
    {
        var text = world.Pick(WorldWriter.Texts);
        for (var stars = random.Next(3); stars > 0; stars--)
        {
            var at = random.Next(text.Length + 1);
            if (at == text.Length || !char.IsLowSurrogate(text[at]))
            {
                var cut = at + random.Next(Math.Min(2, text.Length - at + 1));
                text = cut < text.Length && char.IsLowSurrogate(text[cut]) ? text.Insert(at, "*") : text[..at] + "*" + text[cut..];
            }
        }

        return Quote(text, pattern: true);
    }

    private static bool Identifier(string name) => name.All(char.IsAsciiLetter) && name != "if";

    private static char Kind(string name) => name.Length == 1 && name != "x" ? name[0] : 's';
}
