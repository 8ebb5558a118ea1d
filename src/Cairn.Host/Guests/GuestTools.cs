using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>The two syscalls that a guest's work is journaled as. No model is told of them, and nobody else may call them.</summary>
internal static class GuestTools
{
    /// <summary>The program works until it asks its model, or ends. What it changed is the call's layer.</summary>
    public const string Step = "guest_step";

    /// <summary>The program's question goes to the model, and the answer back.</summary>
    public const string Model = "guest_model";

    public static IToolRegistry Registry { get; } = new Only();

    /// <summary>
    /// A step that a crash cut off runs again from the layer before it; a question that it cut off is answered to nobody: the
    /// program that asked is gone, and asks again when it is started again.
    /// </summary>
    public static AgentSpec Agent(GuestSpec guest) => new(
        AgentKind.Code, Name(guest), null, default, 0, [new(Step, EffectClass.Sandboxed), new(Model, EffectClass.Sandboxed)]);

    public static string Name(GuestSpec guest) => guest.Profile == GuestProfile.Generic ? Path.GetFileName(guest.Command[0]) : guest.Profile;

    private sealed class Only : IToolRegistry
    {
        public ImmutableArray<ITool> Tools => [];

        public ITool? Find(string name) => null;

        public string? Check(string name, string arguments, IReadOnlySet<string> allowed) =>
            allowed.Contains(name) && name is Step or Model ? null : $"A guest has no tool {SafeText.Line(name, 64)}.";
    }
}
