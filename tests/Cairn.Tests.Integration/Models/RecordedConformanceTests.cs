using System.Text.Json.Nodes;
using Cairn.Models;

namespace Cairn.Tests.Integration.Models;

public sealed class RecordedConformanceTests : ModelConformance
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cairn-recorded-").FullName;

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return base.DisposeAsync();
    }

    private protected override Task<IModel> AnsweringAsync(FakeAnswer answer, int pieceBytes = 0) => OpenAsync(new JsonObject
    {
        ["text"] = string.Concat(answer.Text),
        ["tool_calls"] = new JsonArray([.. answer.Calls.Select(c => new JsonObject
        {
            ["id"] = c.Id,
            ["name"] = c.Name,
            ["arguments"] = c.Fragments.Length == 0 ? null : string.Concat(c.Fragments),
        })]),
        ["finish"] = answer.Finish switch
        {
            FinishReason.Stop => "stop",
            FinishReason.ToolCalls => "tool_calls",
            FinishReason.Length => "length",
            _ => "refused",
        },
        ["usage"] = new JsonObject { ["input"] = answer.Usage.InputTokens, ["output"] = answer.Usage.OutputTokens, ["cached"] = answer.Usage.CachedInputTokens },
    });

    private protected override Task<IModel> FailingAsync(ModelErrorKind kind, TimeSpan? retryAfter = null) =>
        OpenAsync(new JsonObject { ["error"] = kind.ToString(), ["retry_after_s"] = (int?)retryAfter?.TotalSeconds });

    private protected override Task<IModel> HangingAsync() =>
        OpenAsync(new JsonObject { ["text"] = "Hello" + new string('.', 10_000), ["stream_delay_ms"] = 100 });

    private async Task<IModel> OpenAsync(JsonObject entry)
    {
        var path = Path.Combine(_directory, "answers.json");
        await File.WriteAllTextAsync(path, new JsonArray(entry).ToJsonString(), Now);
        using var catalog = new ModelCatalog(new() { Environment = _ => null, Time = TimeProvider.System });
        var (model, problem) = await catalog.OpenAsync("scripted:" + path, Now);
        Assert.True(model is not null, problem);
        Assert.True(model.Info.Recorded);
        return model;
    }
}
