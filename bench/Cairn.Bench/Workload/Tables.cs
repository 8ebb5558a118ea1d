using System.Collections;
using System.Reflection;

namespace Cairn.Bench.Workload;

/// <summary>
/// The size of every collection that hangs on a living kernel, found by walking its fields, so that one that somebody adds
/// tomorrow is in the list as well.
/// </summary>
internal static class Tables
{
    private const int MaxObjects = 100_000;

    public static SortedDictionary<string, long> Of(params object[] roots)
    {
        var found = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var todo = new Queue<object>(roots);
        while (todo.TryDequeue(out var at) && seen.Count < MaxObjects)
        {
            for (var type = at.GetType(); type is not null && type != typeof(object); type = type.BaseType)
            {
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                {
                    if (field.FieldType.IsPrimitive || field.GetValue(at) is not { } value)
                    {
                        continue;
                    }

                    if (Count(value) is { } count)
                    {
                        var name = $"{type.Name}.{field.Name}";
                        found[name] = found.GetValueOrDefault(name) + count;
                    }
                    else if (IsOurs(value.GetType()) && seen.Add(value))
                    {
                        todo.Enqueue(value);
                    }
                }
            }
        }

        return found;
    }

    private static long? Count(object value) => value switch
    {
        string => null,
        Array array => array.Length,
        ICollection collection => collection.Count,
        IEnumerable when value.GetType().GetProperty("Count") is { } property => Convert.ToInt64(property.GetValue(value), null),
        _ => null,
    };

    private static bool IsOurs(Type type) =>
        !type.IsEnum && type.Namespace is { } name && name.StartsWith("Cairn.", StringComparison.Ordinal) && !name.StartsWith("Cairn.Bench", StringComparison.Ordinal);
}
