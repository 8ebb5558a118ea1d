using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.Policy;

/// <summary>Makes entities, contexts and requests by chance, from so few names that things meet.</summary>
internal sealed class WorldWriter(Random random)
{
    public static readonly string[] Types = ["User", "Group", "App::Doc", "Action", "App::Action"];

    public static readonly string[] Ids = ["a", "b", "c", ""];

    public static readonly string[] Names = ["n", "s", "b", "e", "t", "r", "d", "i", "w", "u", "x", "if", "odd name"];

    public static readonly string[] Texts =
        ["", "a", "ab", "abc", "a*b", "aab", "b", "ü", "😀", "a😀b", "1.5", "x\ny", "q\"q", "back\\slash", "\0", "src/main.rs", "src/lib/a.py", "A", "é"];

    public static readonly long[] Numbers =
        [0, 1, 2, 7, -1, -7, 1000, long.MaxValue, long.MinValue, long.MaxValue - 1, long.MinValue + 1, 3037000500, 4611686018427387904];

    /// <summary>Those that the referee's JSON carries exactly: it counts in doubles. The larger ones stand in policy texts.</summary>
    private static readonly long[] JsonNumbers = [.. Numbers.Where(n => n is < 1L << 53 and > -(1L << 53))];

    public static readonly string[] Decimals =
        ["0.0", "1.5", "1.50", "-1.5", "-0.0", "-0.5", "0.0001", "922337203685477.5807", "-922337203685477.5808", "00001.5"];

    public static readonly string[] Addresses =
        ["1.2.3.4", "1.2.3.4/32", "1.2.0.0/16", "1.2.3.4/16", "0.0.0.0/0", "127.0.0.1", "127.0.0.1/7", "127.3.4.5/8", "224.0.0.1", "239.255.255.255/4", "224.0.0.0/3",
         "::1", "::", "::/0", "ff02::1", "ff00::/7", "ff00::/8", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "fe80::1/64", "fe80::/10", "::1/127", "255.255.255.255", "ABCD::ef01/128"];

    public static readonly string[] Moments =
        ["1970-01-01", "2024-02-29", "2024-02-29T23:59:59Z", "0000-01-01", "9999-12-31T23:59:59.999Z", "1969-12-31T23:59:59.001Z", "2000-02-29T00:00:00+2359",
         "2000-02-29T00:00:00.123-0001", "1900-02-28", "1600-02-29T12:30:00.500Z", "0000-01-01T00:00:00+2359"];

    public static readonly string[] Durations =
        ["0ms", "1d", "-1d", "1d2h3m4s5ms", "-1d2h3m4s5ms", "90m", "5m", "5ms", "9223372036854775807ms", "-9223372036854775808ms", "106751991167d", "59s999ms", "1h1ms", "007s"];

    public T Pick<T>(T[] from) => from[random.Next(from.Length)];

    /// <summary>principal, action, resource, context and entities.</summary>
    public JsonObject Request()
    {
        var entities = new JsonArray();
        var all = Types.SelectMany(t => Ids.Select(i => (Type: t, Id: i))).ToArray();
        for (var i = 0; i < all.Length; i++)
        {
            if (random.Next(5) < 2)
            {
                // Parents only come later in the list, so that there is no circle.
                var parents = new JsonArray();
                foreach (var parent in all[(i + 1)..].Where(p => random.Next(8) == 0))
                {
                    parents.Add(Uid(parent.Type, parent.Id));
                }

                var entity = new JsonObject { ["uid"] = Uid(all[i].Type, all[i].Id), ["attrs"] = Record(2), ["parents"] = parents };
                if (random.Next(2) == 0 && !all[i].Type.EndsWith("Action", StringComparison.Ordinal))
                {
                    entity["tags"] = Record(1);
                }

                entities.Add(entity);
            }
        }

        return new()
        {
            ["principal"] = Uid(random.Next(8) == 0 ? "Nobody" : "User", Pick(Ids)),
            ["action"] = Uid(random.Next(4) == 0 ? "App::Action" : "Action", Pick(Ids)),
            ["resource"] = Uid(random.Next(4) == 0 ? "Group" : "App::Doc", Pick(Ids)),
            ["context"] = Record(3),
            ["entities"] = entities,
        };
    }

    public static JsonObject Uid(string type, string id) => new() { ["type"] = type, ["id"] = id };

    public JsonObject Uid() => Uid(Pick(Types), Pick(Ids));

    /// <summary>Most names hold what they promise (n a number, s a text, …), so that most expressions have a value.</summary>
    private JsonObject Record(int depth)
    {
        var record = new JsonObject();
        foreach (var name in Names)
        {
            if (random.Next(10) < (depth > 1 ? 6 : 3))
            {
                record[name] = random.Next(20) == 0 ? Value(Pick(Names), depth - 1) : Value(name, depth - 1);
            }
        }

        return record;
    }

    private JsonNode Value(string name, int depth) => name switch
    {
        "n" => Pick(JsonNumbers),
        "s" or "odd name" => Pick(Texts),
        "b" => random.Next(2) == 0,
        "e" => new JsonObject { ["__entity"] = Uid() },
        "t" => new JsonArray([.. Enumerable.Range(0, random.Next(random.Next(4) == 0 ? 12 : 4)).Select(_ => Value(random.Next(4) == 0 && depth > 0 ? Pick(Names) : "n", depth - 1))]),
        "r" => depth > 0 ? Record(depth) : new JsonObject(),
        "d" => Extension("decimal", Pick(Decimals)),
        "i" => Extension("ip", Pick(Addresses)),
        "w" => Extension("datetime", Pick(Moments)),
        "u" => Extension("duration", Pick(Durations)),
        _ => random.Next(2) == 0 ? Pick(JsonNumbers) : Pick(Texts),
    };

    private static JsonObject Extension(string function, string argument) =>
        new() { ["__extn"] = new JsonObject { ["fn"] = function, ["arg"] = argument } };
}
