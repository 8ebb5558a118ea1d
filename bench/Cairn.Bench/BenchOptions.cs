using System.Globalization;

namespace Cairn.Bench;

/// <summary>Named values of a command line: --name value, or --name alone for switches.</summary>
internal sealed class BenchOptions
{
    private static readonly string[] Switches = ["json"];

    private readonly Dictionary<string, string> _values = [];

    /// <exception cref="FormatException">When an option is unknown or its value is missing.</exception>
    public BenchOptions(IReadOnlyList<string> args, params IReadOnlyList<string> known)
    {
        for (var i = 0; i < args.Count; i++)
        {
            var name = args[i].StartsWith("--", StringComparison.Ordinal) ? args[i][2..] : "";
            if (!known.Contains(name))
            {
                throw new FormatException($"'{args[i]}' is no option here; there are --{string.Join(", --", known)}.");
            }

            if (Switches.Contains(name))
            {
                _values[name] = "yes";
            }
            else if (i + 1 < args.Count)
            {
                _values[name] = args[++i];
            }
            else
            {
                throw new FormatException($"--{name} needs a value.");
            }
        }
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public string Text(string name, string fallback) => _values.GetValueOrDefault(name, fallback);

    public int Number(string name, int fallback) => Numbers(name, $"{fallback}") is [var one] ? one : throw new FormatException($"--{name} takes one number.");

    public IReadOnlyList<int> Numbers(string name, string fallback) =>
        [.. Text(name, fallback).Split(',').Select(part =>
            int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0
                ? value
                : throw new FormatException($"--{name} takes whole numbers above 0, not '{part}'."))];
}
