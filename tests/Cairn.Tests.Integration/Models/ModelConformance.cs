using System.Diagnostics;

namespace Cairn.Tests.Integration.Models;

/// <summary>What every model promises, whatever is behind it.</summary>
public abstract class ModelConformance : IAsyncLifetime
{
    private static readonly string Tricky = """{"path":"dir \"ü\"\\😀\u00e9/ファイル.txt","text":"a\nb\t\u0000","n":[1,2.5e3,null,true]}""";

    private protected static CancellationToken Now => TestContext.Current.CancellationToken;

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>A model that gives this answer next; the wire is written in pieces of so many bytes (0: at once).</summary>
    private protected abstract Task<IModel> AnsweringAsync(FakeAnswer answer, int pieceBytes = 0);

    /// <summary>A model that fails so.</summary>
    private protected abstract Task<IModel> FailingAsync(ModelErrorKind kind, TimeSpan? retryAfter = null);

    /// <summary>A model that says "Hello" and then hangs in the middle of its answer.</summary>
    private protected abstract Task<IModel> HangingAsync();

    /// <summary>Told when the first piece of a failing answer was shown.</summary>
    private protected virtual void Streaming()
    {
    }

    private protected static ModelRequest Question(params ChatMessage[] messages) => new()
    {
        Model = "test-model",
        Messages = [new(ChatRole.System, "You help."), .. messages.Length > 0 ? messages : [new(ChatRole.User, "Hi.")]],
        Tools = [new("read_file", "Reads a file.", """{"type":"object","properties":{"path":{"type":"string"}},"required":["path"],"additionalProperties":false}""")],
        MaxOutputTokens = 1000,
    };

    private protected static async Task<ModelResponse> ResponseAsync(IModel model, Action<ModelDelta>? onDelta = null)
    {
        var outcome = await model.AskAsync(Question(), onDelta, Now);
        Assert.True(outcome.Response is not null, outcome.Failure?.Message);
        Assert.Null(outcome.Failure);
        return outcome.Response;
    }

    [Fact]
    public async Task Text_streams_in_order_and_arrives_whole()
    {
        var model = await AnsweringAsync(new() { Text = ["The ", "quick ", "brown ", "fox — ", "🦊 jumps."] });
        var shown = new List<string>();
        var response = await ResponseAsync(model, delta => shown.Add(delta.Text));
        Assert.Equal("The quick brown fox — 🦊 jumps.", response.Text);
        Assert.Equal(response.Text, string.Concat(shown));
        Assert.True(shown.Count > 1, "It came in one piece.");
        Assert.Equal(FinishReason.Stop, response.Finish);
        Assert.Empty(response.ToolCalls);
    }

    [Fact]
    public async Task Nobody_need_watch_the_stream()
    {
        var response = await ResponseAsync(await AnsweringAsync(new() { Text = ["Hel", "lo"] }));
        Assert.Equal("Hello", response.Text);
    }

    [Fact]
    public async Task A_tool_call_keeps_its_id_name_and_arguments_and_is_announced()
    {
        var model = await AnsweringAsync(new()
        {
            Text = ["I look."],
            Calls = [new("call-7", "read_file", """{"pa""", """th":"a.txt"}""")],
            Finish = FinishReason.ToolCalls,
        });
        var announced = new List<string>();
        var response = await ResponseAsync(model, delta => announced.AddRange(delta.ToolName is { } tool ? [tool] : []));
        Assert.Equal("I look.", response.Text);
        Assert.Equal([new("call-7", "read_file", """{"path":"a.txt"}""")], response.ToolCalls);
        Assert.Equal(FinishReason.ToolCalls, response.Finish);
        Assert.Equal(["read_file"], announced);
    }

    [Fact]
    public async Task Parallel_tool_calls_keep_their_order_and_their_own_arguments()
    {
        var model = await AnsweringAsync(new()
        {
            Calls =
            [
                new("a", "read_file", """{"path":""", "\"1\"}"),
                new("b", "search", """{"text":"x"}"""),
                new("c", "read_file", "{", "\"path\":\"2\"", "}"),
            ],
            Finish = FinishReason.ToolCalls,
        });
        var response = await ResponseAsync(model);
        Assert.Equal(
            [new("a", "read_file", """{"path":"1"}"""), new("b", "search", """{"text":"x"}"""), new("c", "read_file", """{"path":"2"}""")],
            response.ToolCalls);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(2, 7)]
    [InlineData(5, 1)]
    [InlineData(1000, 2)]
    [InlineData(3, 0)]
    public async Task Arguments_survive_any_split_of_fragments_and_of_bytes(int fragment, int pieceBytes)
    {
        var fragments = Split(Tricky, fragment);
        var model = await AnsweringAsync(new() { Text = ["ü😀"], Calls = [new("x", "read_file", fragments)], Finish = FinishReason.ToolCalls }, pieceBytes);
        var response = await ResponseAsync(model);
        Assert.Equal("ü😀", response.Text);
        Assert.Equal(Tricky, Assert.Single(response.ToolCalls).Arguments);
    }

    [Fact]
    public async Task Invalid_arguments_are_passed_on_as_the_model_wrote_them()
    {
        var model = await AnsweringAsync(new() { Calls = [new("x", "read_file", "{\"path\": ", "oops")], Finish = FinishReason.ToolCalls });
        Assert.Equal("{\"path\": oops", Assert.Single((await ResponseAsync(model)).ToolCalls).Arguments);
    }

    [Fact]
    public async Task Missing_arguments_are_an_empty_object()
    {
        var model = await AnsweringAsync(new() { Calls = [new("x", "list_files")], Finish = FinishReason.ToolCalls });
        Assert.Equal("{}", Assert.Single((await ResponseAsync(model)).ToolCalls).Arguments);
    }

    [Fact]
    public async Task Usage_counts_the_cached_part_within_the_input()
    {
        var response = await ResponseAsync(await AnsweringAsync(new() { Text = ["Hi"], Usage = new(5000, 42, 4096) }));
        Assert.Equal(new ModelUsage(5000, 42, 4096), response.Usage);
    }

    [Theory]
    [InlineData(FinishReason.Length)]
    [InlineData(FinishReason.Refused)]
    public async Task The_reason_to_stop_is_told(FinishReason finish)
    {
        var response = await ResponseAsync(await AnsweringAsync(new() { Text = ["I can"], Finish = finish }));
        Assert.Equal(finish, response.Finish);
        Assert.Equal("I can", response.Text);
    }

    [Theory]
    [InlineData(ModelErrorKind.RateLimited, true)]
    [InlineData(ModelErrorKind.Unavailable, true)]
    [InlineData(ModelErrorKind.BrokenStream, true)]
    [InlineData(ModelErrorKind.TimedOut, true)]
    [InlineData(ModelErrorKind.Unauthorized, false)]
    [InlineData(ModelErrorKind.UnknownModel, false)]
    [InlineData(ModelErrorKind.TooLong, false)]
    [InlineData(ModelErrorKind.Invalid, false)]
    public async Task A_failure_is_a_value_of_its_kind(ModelErrorKind kind, bool retryable)
    {
        var outcome = await (await FailingAsync(kind)).AskAsync(Question(), _ => Streaming(), Now);
        Assert.Null(outcome.Response);
        Assert.NotNull(outcome.Failure);
        Assert.True(outcome.Failure.Kind == kind, $"{outcome.Failure.Kind}: {outcome.Failure.Message}");
        Assert.Equal(retryable, outcome.Failure.Retryable);
        Assert.NotEmpty(outcome.Failure.Message);
    }

    [Fact]
    public async Task The_wait_that_was_asked_for_is_told()
    {
        var outcome = await (await FailingAsync(ModelErrorKind.RateLimited, TimeSpan.FromSeconds(17))).AskAsync(Question(), null, Now);
        Assert.Equal(TimeSpan.FromSeconds(17), outcome.Failure?.RetryAfter);
    }

    [Fact]
    public async Task Cancelling_stops_a_stream_within_a_second_and_is_the_only_exception()
    {
        var model = await HangingAsync();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Now);
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asking = model.AskAsync(Question(), _ => began.TrySetResult(), cancel.Token);
        await began.Task.WaitAsync(TimeSpan.FromSeconds(30), Now);
        var watch = Stopwatch.StartNew();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(TimeSpan.FromSeconds(30), Now));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public async Task A_question_that_is_cancelled_beforehand_is_not_asked()
    {
        var model = await AnsweringAsync(new() { Text = ["Hi"] });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.AskAsync(Question(), null, new CancellationToken(canceled: true)));
    }

    // A surrogate pair stays together: JSON text cannot hold half of one.
    private protected static string[] Split(string text, int length)
    {
        var parts = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var end = Math.Min(at + length, text.Length);
            end += end < text.Length && char.IsLowSurrogate(text[end]) ? 1 : 0;
            parts.Add(text[at..end]);
            at = end;
        }

        return [.. parts];
    }
}
