namespace Cairn.Host.Simulation;

/// <summary>
/// The world outside, which no crash of ours touches. An order with a key that it knows is answered as the first time; an
/// order without a key is carried out whenever it comes.
/// </summary>
internal sealed class SimulatedServer
{
    private readonly Dictionary<string, string> _known = [];

    /// <summary>What was carried out, in order.</summary>
    public List<string> Done { get; } = [];

    public string Order(string? key, string what)
    {
        if (key is not null && _known.TryGetValue(key, out var answer))
        {
            return answer;
        }

        Done.Add(what);
        answer = $"done: {what}";
        if (key is not null)
        {
            _known[key] = answer;
        }

        return answer;
    }
}
