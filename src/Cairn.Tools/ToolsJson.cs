using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cairn.Tools;

/// <summary>JSON of this assembly.</summary>
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(string))]
internal sealed partial class ToolsJson : JsonSerializerContext;
