using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Cairn.Tools.Mcp;

/// <summary>What a server answers, as text: a model gets no images or sounds from a server, only that there was one.</summary>
internal static class McpText
{
    public static string Of(CallToolResult result)
    {
        var parts = result.Content.Select(Of).ToList();
        if (parts.Count == 0 && result.StructuredContent is { } structured)
        {
            parts.Add(JsonSerializer.Serialize(structured, ToolsJson.Default.JsonElement));
        }

        return parts.Count == 0 ? "(no answer)" : string.Join('\n', parts);
    }

    public static string Of(ContentBlock block) => block switch
    {
        TextContentBlock text => text.Text,
        ImageContentBlock image => $"[an image, {image.MimeType}, left out]",
        AudioContentBlock audio => $"[a sound, {audio.MimeType}, left out]",
        EmbeddedResourceBlock embedded => Of(embedded.Resource),
        ResourceLinkBlock link => $"[resource {link.Uri}: {link.Description ?? link.Name}]",
        _ => $"[{block.Type}, left out]",
    };

    public static string Of(ResourceContents contents) => contents switch
    {
        TextResourceContents text => $"{contents.Uri}\n{text.Text}",
        BlobResourceContents blob => $"{contents.Uri} [{blob.MimeType ?? "bytes"}, {blob.Blob.Length} characters of base64, left out]",
        _ => contents.Uri,
    };
}
