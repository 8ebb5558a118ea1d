using System.Text;
using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.Policy;

/// <summary>
/// Writes cases by chance: all of the language, a share of wrong programs, and templates. The same seed and number give
/// the same case on every machine.
/// </summary>
internal sealed class PolicyWriter
{
    private static readonly string[] Debris =
    [
        "permit", "forbid", "when", "unless", "if", "then", "else", "true", "in", "is", "has", "like", "principal", "action", "resource", "context", "?principal", "?resource", "?other", "__cedar",
        "x", "User", "User::\"a\"", "Action::\"a\"", "Action::\"b\", Action::\"a\"", "0", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "\"a\"", "\"\\q\"",
        "\"\\x80\"", "\"\\x4\"", "\"\\u{d800}\"", "\"\\u{110000}\"", "\"\\u{}\"", "\"\\u{1_0}\"", "\"\\u{_1}\"", "\"\\u{1234567}\"", "\"\\*\"", "\"\r\"", "\"\n\"", "\"\\\n\"", "\"", "(", ")", "{", "}", "[", "]", ",", ";",
        ":", "::", ".", "@", "@id", "@a(\"b\")", "==", "!=", "<", "<=", ">", ">=", "=", "||", "&&", "|", "&", "+", "-", "*", "/", "%", "!", "!!!!", "!!!!!", "----", "-----", "!-", "-!", "// note\n", "\u00a0", "\u2003",
        "\u200b", "é", "😀", "#", "decimal", "ip(\"1.2.3.4\")", "foo(1)", "foo::bar(1)", ".contains(1)", ".isEmpty()", ".isEmpty(1)", ".isIpv4()", ".lessThan(1)", ".decimal(\"1.0\")", ".foo()", "contains(1)", "lessThan(1)",
        "(1)", "[\"a\"]", "[a]", "[1]", ".a", ".if", ".__cedar", "has if", "has a.b", "has \"a\".b", "has a[\"b\"]", "is User", "is User in User::\"a\"", "in is User", "like \"*\"", "like a", "== User::\"a\"", "{a: 1}", "{a: 1, a: 2}",
        "{\"a\": 1, a: 2}", "{if: 1}", "{\"if\": 1}", "{1: 2}", "{a: 1,}", "{,}", "[,]", "[1,]", "()", "User::{a: 1}", "if::\"a\"", "User::if::\"a\"", "a::b", "then::\"a\"", "context::\"a\"", "principal::\"a\"", "1 < 2 < 3", "1 == 2 == 3",
        "1 / 2", "1 % 2", "if true then false else true", "1 + if true then 1 else 2", "5.a", "-5.a", "-(5)", "\"a\".b", "true.b", "\"a\"(1)", "context.a(1)", "context(1)", "principal in principal in principal", "a has b has c",
    ];

    private readonly Random _random;
    private readonly WorldWriter _world;
    private readonly ExpressionWriter _expressions;

    private PolicyWriter(int seed)
    {
        _random = new Random(seed);
        _world = new(_random);
        _expressions = new(_random, _world);
    }

    /// <summary>One case.</summary>
    public static PolicyCase Write(int seed, int number) => new PolicyWriter(unchecked((seed * 1_000_003) + number)).Case();

    private PolicyCase Case()
    {
        var broken = _random.Next(4) == 0;
        var text = new StringBuilder();
        var count = _random.Next(12) == 0 ? 0 : _random.Next(1, 6);
        for (var i = 0; i < count; i++)
        {
            text.Append(Policy(_random.Next(2) == 0 && !broken ? $"policy{i}" : null, slots: false));
        }

        var policies = text.ToString();
        if (broken)
        {
            policies = Spoil(policies);
        }

        var template = !broken && _random.Next(12) == 0 ? Policy("t0", slots: true) : null;
        var slots = new JsonObject();
        foreach (var slot in new[] { "?principal", "?resource" })
        {
            if (template?.Contains(slot, StringComparison.Ordinal) == true)
            {
                slots[slot] = _world.Uid();
            }
        }

        return new(policies, slots.Count > 0 ? template : null, _world.Request()) { Slots = slots };
    }

    private string Policy(string? id, bool slots)
    {
        var text = new StringBuilder();
        if (id is not null)
        {
            text.Append("@id(").Append(_expressions.Quote(id)).Append(')').Append(Gap());
        }

        if (_random.Next(6) == 0)
        {
            text.Append(_world.Pick(["@note(\"x\")", "@if(\"\\n\")", "@flag", "@principal (\"\")"])).Append(Gap());
        }

        text.Append(_random.Next(3) == 0 ? "forbid" : "permit").Append(Gap());
        text.Append('(').Append(Scope("principal", "User", slots)).Append(',').Append(Gap()).Append(Action()).Append(", ").Append(Scope("resource", "App::Doc", slots));
        text.Append(_random.Next(20) == 0 ? ",)" : ")").Append(Gap());
        for (var conditions = _random.Next(3); conditions > 0; conditions--)
        {
            text.Append(_random.Next(3) == 0 ? "unless" : "when").Append(Gap()).Append('{').Append(_expressions.Bool(_random.Next(1, 5))).Append('}').Append(Gap());
        }

        return text.Append(';').Append(Gap()).ToString();
    }

    private string Scope(string variable, string type, bool slots)
    {
        var uid = slots && _random.Next(2) == 0 ? $"?{variable}"
            : $"{(_random.Next(4) == 0 ? _world.Pick(WorldWriter.Types) : type)}::{_expressions.Quote(_world.Pick(WorldWriter.Ids))}";
        uid = _random.Next(15) == 0 ? $"(({uid}))" : uid;
        return _random.Next(slots ? 5 : 16) switch
        {
            0 => $"{variable} == {uid}",
            1 or 2 => $"{variable} in {uid}",
            3 => $"{variable} is {type}",
            4 => $"{variable} is {type} in {uid}",
            _ => variable,
        };
    }

    private string Action() => _random.Next(16) switch
    {
        0 => $"action == {ActionUid()}",
        1 => $"action in {ActionUid()}",
        2 => $"action in [{ActionUid()}, {ActionUid()}]",
        3 => _random.Next(4) == 0 ? "action in []" : $"action in ([({ActionUid()}),{ActionUid()},])",
        _ => "action",
    };

    private string ActionUid() => $"{_world.Pick(["Action", "App::Action"])}::{_expressions.Quote(_world.Pick(WorldWriter.Ids))}";

    private string Gap() => _random.Next(8) switch
    {
        0 => "",
        1 => "\n",
        2 => " // note \"\n",
        3 => "\t\r\n",
        4 => "\u00a0",
        _ => " ",
    } is { Length: > 0 } gap ? gap : " ";

    /// <summary>Takes out, doubles, swaps and puts in tokens and characters: most results are wrong, some only look so.</summary>
    private string Spoil(string text)
    {
        for (var times = _random.Next(1, 3); times > 0; times--)
        {
            var words = Words(text);
            var at = _random.Next(words.Count + 1);
            switch (_random.Next(6))
            {
                case 0 when at < words.Count:
                    words.RemoveAt(at);
                    break;
                case 1 when at < words.Count:
                    words.Insert(at, words[_random.Next(words.Count)]);
                    break;
                case 2 when at < words.Count:
                    var other = _random.Next(words.Count);
                    (words[at], words[other]) = (words[other], words[at]);
                    break;
                case 3 when at < words.Count:
                    words[at] = $" {_world.Pick(Debris)} ";
                    break;
                case 4 when text.Length > 0:
                    var cut = _random.Next(text.Length);
                    words = [text[..cut], text[Math.Min(text.Length, cut + 1)..]];
                    break;
                default:
                    words.Insert(at, $" {_world.Pick(Debris)} ");
                    break;
            }

            text = string.Concat(words);
        }

        // Half of a surrogate pair cannot be written to the referee.
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var at = 0;
        while (at < text.Length)
        {
            var end = at + 1;
            if (char.IsAsciiLetterOrDigit(text[at]))
            {
                while (end < text.Length && char.IsAsciiLetterOrDigit(text[end]))
                {
                    end++;
                }
            }
            else if (end < text.Length && "::==!=<=>=||&&".Contains(text.Substring(at, 2), StringComparison.Ordinal))
            {
                end++;
            }

            words.Add(text[at..end]);
            at = end;
        }

        return words;
    }
}
