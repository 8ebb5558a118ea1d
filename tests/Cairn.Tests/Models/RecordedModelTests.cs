using Cairn.Models;

namespace Cairn.Tests.Models;

public sealed class RecordedModelTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cairn-recorded-").FullName;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_history_decides_which_entry_answers_and_no_counter()
    {
        var model = await OpenAsync("""
            description: two answers
            context_tokens: 1234
            responses:
              - tool_calls:
                  - name: edit_file
                    arguments: {path: "a b.txt", line: 3, ratio: 1.5, old: "1", last: null, deep: [true, {x: ü}]}
              - text: |
                  Done.
                usage: {input: 7, output: 3, cached: 2}
            """);
        Assert.Equal(1234, model.Info.ContextTokens);
        for (var round = 0; round < 3; round++)
        {
            var first = (await model.AskAsync(Question(), null, Now)).Response!;
            var call = Assert.Single(first.ToolCalls);
            Assert.Equal("""{"path":"a b.txt","line":3,"ratio":1.5,"old":"1","last":null,"deep":[true,{"x":"ü"}]}""", call.Arguments);
            Assert.Equal(("call_1_1", FinishReason.ToolCalls), (call.Id, first.Finish));
            Assert.True(first.Usage is { InputTokens: > 0, OutputTokens: > 0 }, "The usage was not estimated.");

            var second = (await model.AskAsync(Question(new ChatMessage(ChatRole.Assistant, "") { ToolCalls = first.ToolCalls }, new ChatMessage(ChatRole.Tool, "ok")), null, Now)).Response!;
            Assert.Equal(("Done.\n", new ModelUsage(7, 3, 2)), (second.Text, second.Usage));
        }
    }

    [Fact]
    public async Task A_conversation_longer_than_the_file_fails_and_says_so()
    {
        var model = await OpenAsync("- text: one");
        var failure = (await model.AskAsync(Question(new ChatMessage(ChatRole.Assistant, "one"), new ChatMessage(ChatRole.User, "more")), null, Now)).Failure!;
        Assert.Equal(ModelErrorKind.Invalid, failure.Kind);
        Assert.Contains("has 1 answers, and the conversation wants answer 2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_entry_expects_is_looked_for_in_what_came_since_the_last_answer()
    {
        var model = await OpenAsync("""
            - text: one
            - text: two
              expect: ["2 failed", "exit 1"]
            """);
        ChatMessage one = new(ChatRole.Assistant, "one");
        Assert.NotNull((await model.AskAsync(Question(one, new(ChatRole.Tool, "2 failed"), new(ChatRole.Tool, "exit 1")), null, Now)).Response);
        var failure = (await model.AskAsync(Question(new(ChatRole.User, "exit 1"), one, new(ChatRole.Tool, "2 failed, exit 0")), null, Now)).Failure!;
        Assert.Equal(ModelErrorKind.Invalid, failure.Kind);
        Assert.Contains("entry 2", failure.Message, StringComparison.Ordinal);
        Assert.Contains("'exit 1'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("2 failed, exit 0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_played_error_comes_so_often_and_then_the_answer()
    {
        var model = await OpenAsync("""
            - text: Finally there.
              error: broken_stream
              times: 2
            """, "scripted");
        for (var i = 0; i < 2; i++)
        {
            var shown = "";
            var outcome = await model.AskAsync(Question(), delta => shown += delta.Text, Now);
            Assert.Equal(ModelErrorKind.BrokenStream, outcome.Failure?.Kind);
            Assert.Equal("Finally", shown);
        }

        Assert.Equal("Finally there.", (await model.AskAsync(Question(), null, Now)).Response?.Text);
    }

    [Theory]
    [InlineData("recorded", "- error: rate_limited", "only scripted")]
    [InlineData("scripted", "- error: nonsense", "'nonsense'")]
    [InlineData("scripted", "- error: 3", "'3'")]
    [InlineData("recorded", "- txt: hi", "unknown key 'txt'")]
    [InlineData("recorded", "- expect: [a]", "neither text nor tool_calls")]
    [InlineData("recorded", "- tool_calls: [{arguments: {}}]", "entry 1, tool call 1 has no name")]
    [InlineData("recorded", "responses: 3", "a list of entries is expected")]
    [InlineData("recorded", "- [", "no YAML")]
    [InlineData("recorded", "{", "no JSON")]
    [InlineData("recorded", "- {text: a, usage: {input: many}}", "input is not a whole number")]
    public async Task A_file_that_is_wrong_is_refused_with_the_place(string provider, string text, string said)
    {
        var (model, problem) = await TryOpenAsync(text, provider);
        Assert.Null(model);
        Assert.Contains(said, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_a_problem_and_no_exception()
    {
        using var catalog = Catalog();
        var (model, problem) = await catalog.OpenAsync($"recorded:{_directory}/none.yaml", Now);
        Assert.Null(model);
        Assert.Contains("none.yaml", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_looked_up_where_the_host_keeps_its_recordings()
    {
        using var catalog = new ModelCatalog(new() { Environment = _ => null, Time = TimeProvider.System, Recordings = name => name == "demo" ? "- text: hi" : null });
        var (model, problem) = await catalog.OpenAsync("recorded:demo", Now);
        Assert.True(model is not null, problem);
        Assert.Equal("recorded:demo", model.Info.Id);
        Assert.True(model.Info.Recorded);
        Assert.Null((await catalog.OpenAsync("recorded:other", Now)).Model);
    }

    [Fact]
    public async Task A_recording_keeps_answers_by_the_hash_of_the_question_and_no_failures()
    {
        var kept = new List<(BlobHash Question, string Text)>();
        var inner = await OpenAsync("""
            - text: one
              error: unavailable
            """, "scripted");
        var model = new RecordingModel(inner, (question, _, response, _) =>
        {
            kept.Add((question, response.Text));
            return ValueTask.CompletedTask;
        });
        Assert.NotNull((await model.AskAsync(Question(), null, Now)).Failure);
        Assert.Empty(kept);
        Assert.NotNull((await model.AskAsync(Question(), null, Now)).Response);
        Assert.Equal([(RecordingModel.Hash(Question()), "one")], kept);
        Assert.NotEqual(RecordingModel.Hash(Question()), RecordingModel.Hash(Question() with { Temperature = 1 }));
    }

    private static ModelRequest Question(params ChatMessage[] more) =>
        new() { Model = "m", Messages = [new(ChatRole.System, "s"), new(ChatRole.User, "u"), .. more], MaxOutputTokens = 10 };

    private static ModelCatalog Catalog() => new(new() { Environment = _ => null, Time = TimeProvider.System });

    private async Task<IModel> OpenAsync(string text, string provider = "recorded")
    {
        var (model, problem) = await TryOpenAsync(text, provider);
        Assert.True(model is not null, problem);
        return model;
    }

    private async Task<(IModel? Model, string? Problem)> TryOpenAsync(string text, string provider)
    {
        var path = Path.Combine(_directory, "answers.yaml");
        await File.WriteAllTextAsync(path, text, Now);
        using var catalog = Catalog();
        return await catalog.OpenAsync($"{provider}:{path}", Now);
    }
}
