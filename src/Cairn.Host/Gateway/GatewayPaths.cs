using Cairn.Models;
using Microsoft.AspNetCore.Http;

namespace Cairn.Host;

/// <summary>The paths that model clients know.</summary>
internal static class GatewayPaths
{
    public const string Chat = "/v1/chat/completions";
    public const string Responses = "/v1/responses";
    public const string Messages = "/v1/messages";
    public const string Count = "/v1/messages/count_tokens";
    public const string Models = "/v1/models";

    public static readonly string[] All = [Chat, Responses, Messages, Count, Models];

    public static bool Is(PathString path) => path.Value is { } text && Array.IndexOf(All, text) >= 0;

    /// <summary>The format of a path; errors of the others are told as OpenAI's.</summary>
    public static WireFormat FormatOf(PathString path) => path.Value switch
    {
        Responses => WireFormat.Responses,
        Messages or Count => WireFormat.Messages,
        _ => WireFormat.Chat,
    };
}
