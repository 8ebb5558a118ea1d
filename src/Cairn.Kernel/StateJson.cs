using System.Text.Json;

namespace Cairn.Kernel;

/// <summary>A state as JSON, for people.</summary>
public static class StateJson
{
    /// <summary>The JSON that the state's hash is computed over.</summary>
    public static JsonElement Of(RunState state) => JsonSerializer.SerializeToElement(state, KernelJson.Default.RunState);
}
