namespace Cairn.Bench.Steps;

/// <summary>A system that is measured beside Cairn: its packages, its pinned driver, and how the driver is asked.</summary>
/// <param name="Name">The folder under bench/peers.</param>
/// <param name="Variant">What a table calls it.</param>
/// <param name="Options">Further options of the driver.</param>
/// <param name="TwoPhases">The driver kills itself after writing and is started again to recover; else it does both.</param>
/// <param name="Quadratic">Each step stores the whole history again.</param>
internal sealed record Peer(string Name, string Variant, IReadOnlyList<string> Options, bool TwoPhases, bool Quadratic)
{
    public static IReadOnlyList<Peer> All { get; } =
    [
        new("langgraph", "LangGraph, history, sync FULL", ["--sync", "FULL", "--state", "history"], true, true),
        new("langgraph", "LangGraph, history, sync NORMAL", ["--sync", "NORMAL", "--state", "history"], true, true),
        new("langgraph", "LangGraph, last value, sync FULL", ["--sync", "FULL", "--state", "last"], true, false),
        new("dbos", "DBOS on PostgreSQL 15", [], false, false),
        new("restate", "Restate server", [], false, false),
    ];

    /// <summary>Bytes that one sample makes it write, about.</summary>
    public double Bytes(int runs, int steps, int bytes) => (double)runs * steps * bytes * (Quadratic ? (steps + 1) / 2.0 : 1);
}
