namespace Cairn.Memory.Graph;

/// <summary>
/// The properties of a node or relationship: few, so two small arrays are smaller and quicker than a dictionary. Values
/// are texts, whole numbers (long), fractions (double), truth values and lists of these.
/// </summary>
internal sealed class PropertyBag
{
    private readonly int[] _keys;
    private readonly object[] _values;

    private PropertyBag(int[] keys, object[] values)
    {
        _keys = keys;
        _values = values;
    }

    public static PropertyBag Empty { get; } = new([], []);

    public int Count => _keys.Length;

    public object? this[int key]
    {
        get
        {
            var at = Array.IndexOf(_keys, key);
            return at < 0 ? null : _values[at];
        }
    }

    public int Key(int at) => _keys[at];

    public object Value(int at) => _values[at];

    /// <summary>Properties with the value null are left out: they are no properties.</summary>
    /// <exception cref="ArgumentException">When a value is of a type that no property can have.</exception>
    public static PropertyBag Of(NameTable names, IEnumerable<KeyValuePair<string, object?>> properties)
    {
        List<int> keys = [];
        List<object> values = [];
        foreach (var (name, value) in properties)
        {
            if (value is null)
            {
                continue;
            }

            keys.Add(names.Intern(name));
            values.Add(Checked(name, value));
        }

        return keys.Count == 0 ? Empty : new([.. keys], [.. values]);
    }

    private static object Checked(string name, object value) => value switch
    {
        string or long or double or bool => value,
        int number => (long)number,
        float number => (double)number,
        IEnumerable<string> texts => texts.ToList<object?>(),
        IReadOnlyList<object?> items => items.Select(item => item is null ? null : Checked(name, item)).ToList(),
        _ => throw new ArgumentException($"The property {name} has a value of type {value.GetType().Name}, which a graph cannot hold."),
    };
}
