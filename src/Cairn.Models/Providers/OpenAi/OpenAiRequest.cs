using Cairn.Abstractions;
using OpenAI.Chat;
using WireMessage = OpenAI.Chat.ChatMessage;

namespace Cairn.Models;

/// <summary>A request in the shape of Chat Completions.</summary>
internal static class OpenAiRequest
{
    public const string Temperature = "temperature";
    public const string TopP = "top_p";
    public const string Seed = "seed";
    public const string MaxTokens = "max_tokens";
    public const string MaxCompletionTokens = "max_completion_tokens";
    public const string Strict = "strict";
    public const string Logprobs = "logprobs";
    public const string ResponseFormat = "response_format";
    public const string TextFormat = "text.format";

    public static List<WireMessage> Messages(ModelRequest request)
    {
        var messages = new List<WireMessage>(request.Messages.Length);
        foreach (var message in request.Messages)
        {
            messages.Add(message.Role switch
            {
                ChatRole.System => new SystemChatMessage(message.Text),
                ChatRole.User => new UserChatMessage(message.Text),
                ChatRole.Tool => new ToolChatMessage(message.ToolCallId ?? "", message.Text),
                _ => Assistant(message),
            });
        }

        return messages;
    }

    public static ChatCompletionOptions Options(ModelRequest request, RejectedParameters rejected)
    {
        var options = new ChatCompletionOptions();
        if (!rejected.Contains(Temperature))
        {
            options.Temperature = (float)request.Temperature;
        }

        if (request.TopP < 1 && !rejected.Contains(TopP))
        {
            options.TopP = (float)request.TopP;
        }

        if (!rejected.Contains(MaxCompletionTokens))
        {
            options.MaxOutputTokenCount = request.MaxOutputTokens;
        }
        else if (!rejected.Contains(MaxTokens))
        {
#pragma warning disable SCME0001 // The SDK has no other way to send the older name.
            options.Patch.Set("$.max_tokens"u8, request.MaxOutputTokens);
#pragma warning restore SCME0001
        }

#pragma warning disable OPENAI001 // Seed is marked as a beta of the API, not of the SDK.
        if (request.Seed is { } seed && !rejected.Contains(Seed))
        {
            options.Seed = seed;
        }
#pragma warning restore OPENAI001

        if (request.Logprobs && !rejected.Contains(Logprobs))
        {
            options.IncludeLogProbabilities = true;
        }

        if (request.AnswerSchema is { } answer && !rejected.Contains(ResponseFormat))
        {
            options.ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat(
                answer.Name, BinaryData.FromString(answer.Schema), jsonSchemaIsStrict: !rejected.Contains(Strict) && StrictSchema.Fits(answer.Schema));
        }

        foreach (var tool in request.Tools)
        {
            options.Tools.Add(ChatTool.CreateFunctionTool(
                tool.Name, tool.Description, BinaryData.FromString(tool.Schema), rejected.Contains(Strict) ? null : true));
        }

        return options;
    }

    private static AssistantChatMessage Assistant(Abstractions.ChatMessage message)
    {
        if (message.ToolCalls.IsEmpty)
        {
            return new AssistantChatMessage(message.Text);
        }

        var wire = new AssistantChatMessage(message.ToolCalls.Select(call =>
            ChatToolCall.CreateFunctionToolCall(call.Id, call.Name, BinaryData.FromString(call.Arguments))));
        if (message.Text.Length > 0)
        {
            wire.Content.Add(ChatMessageContentPart.CreateTextPart(message.Text));
        }

        return wire;
    }
}
