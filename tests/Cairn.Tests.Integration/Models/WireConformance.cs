using Cairn.Models;

namespace Cairn.Tests.Integration.Models;

/// <summary>What every model behind HTTP promises beside: nothing half, nothing unbounded, nothing secret.</summary>
public abstract class WireConformance : ModelConformance
{
    private protected const string Key = "sk-test-0123456789abcdefSECRET";

    private FakeServer? _server;
    private ModelCatalog? _catalog;

    private protected FakeServer Server => _server ?? throw new InvalidOperationException("not started");

    /// <summary>The id of the model that the tests open.</summary>
    private protected abstract string Id { get; }

    private protected abstract string KeyVariable { get; }

    private protected abstract Dictionary<string, string> Environment(Uri server);

    /// <summary>The wire form of an answer, as documented.</summary>
    private protected abstract string Wire(FakeAnswer answer);

    /// <summary>A stream that breaks off within the arguments of a call.</summary>
    private protected abstract string HalfCall();

    /// <summary>The body of a refusal.</summary>
    private protected abstract string ErrorBody(string type, string message, string? code = null);

    private protected abstract string TooLongMessage { get; }

    private protected virtual ModelLimits Limits => new() { Silence = TimeSpan.FromMilliseconds(400), FirstByte = TimeSpan.FromSeconds(10), AnswerBytes = 200_000 };

    public override async ValueTask InitializeAsync()
    {
        _server = await FakeServer.StartAsync();
        var environment = Environment(_server.Address);
        _catalog = new(new() { Environment = environment.GetValueOrDefault, Time = TimeProvider.System, Limits = Limits });
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _catalog?.Dispose();
        await Server.DisposeAsync();
        await base.DisposeAsync();
    }

    private protected async Task<IModel> OpenAsync(params FakeReply[] replies)
    {
        var (model, problem) = await _catalog!.OpenAsync(Id, Now);
        Assert.True(model is not null, problem);
        foreach (var reply in replies)
        {
            Server.Enqueue(reply);
        }

        return model;
    }

    private protected override Task<IModel> AnsweringAsync(FakeAnswer answer, int pieceBytes = 0) =>
        OpenAsync(new FakeReply(Wire(answer)) { PieceBytes = pieceBytes });

    private protected override Task<IModel> HangingAsync() =>
        OpenAsync(new FakeReply(Wire(new() { Text = ["Hello", " world"] })[..^200]) { End = FakeEnd.Silence });

    private protected override Task<IModel> FailingAsync(ModelErrorKind kind, TimeSpan? retryAfter = null) => OpenAsync(kind switch
    {
        ModelErrorKind.RateLimited => FakeReply.Json(429, ErrorBody("rate_limit_error", "slow down")) with { Headers = Wait(retryAfter) },
        ModelErrorKind.Unavailable => FakeReply.Json(500, ErrorBody("api_error", "oops")),
        ModelErrorKind.BrokenStream => new FakeReply(HalfCall()) { End = FakeEnd.Cut },
        ModelErrorKind.TimedOut => new FakeReply(HalfCall()) { End = FakeEnd.Silence },
        ModelErrorKind.Unauthorized => FakeReply.Json(401, ErrorBody("authentication_error", $"invalid key {Key}")),
        ModelErrorKind.UnknownModel => FakeReply.Json(404, ErrorBody("not_found_error", "no such model")),
        ModelErrorKind.TooLong => FakeReply.Json(400, ErrorBody("invalid_request_error", TooLongMessage)),
        _ => FakeReply.Json(400, ErrorBody("invalid_request_error", "messages: bad")),
    });

    private protected override void Streaming() => Server.MayCut.TrySetResult();

    private protected static async Task<ModelFailure> FailureAsync(IModel model)
    {
        var outcome = await model.AskAsync(Question(), null, Now);
        Assert.Null(outcome.Response);
        Assert.NotNull(outcome.Failure);
        return outcome.Failure;
    }

    [Fact]
    public async Task A_stream_that_ends_in_good_order_within_a_call_is_no_answer()
    {
        var failure = await FailureAsync(await OpenAsync(new FakeReply(HalfCall())));
        Assert.Equal(ModelErrorKind.BrokenStream, failure.Kind);
    }

    [Fact]
    public async Task A_stream_cut_at_any_byte_is_an_answer_only_when_it_was_whole()
    {
        var wire = Wire(new() { Text = ["ab"], Calls = [new("x", "read_file", "{\"path\"", ":\"p\"}")], Finish = FinishReason.ToolCalls });
        for (var length = 0; length < wire.Length; length += 37)
        {
            var outcome = await (await OpenAsync(new FakeReply(wire[..length]))).AskAsync(Question(), null, Now);
            if (outcome.Response is { } response)
            {
                Assert.Equal([new("x", "read_file", """{"path":"p"}""")], response.ToolCalls);
                Assert.Equal("ab", response.Text);
            }
            else
            {
                Assert.Equal(ModelErrorKind.BrokenStream, outcome.Failure!.Kind);
            }
        }
    }

    [Fact]
    public async Task Half_a_call_at_the_length_limit_is_dropped()
    {
        var response = await ResponseAsync(await AnsweringAsync(new()
        {
            Calls = [new("a", "read_file", """{"path":"1"}"""), new("b", "read_file", """{"path":"2""")],
            Finish = FinishReason.Length,
        }));
        Assert.Equal(FinishReason.Length, response.Finish);
        Assert.Equal(["a"], response.ToolCalls.Select(c => c.Id));
    }

    [Fact]
    public async Task A_huge_answer_is_cut_off()
    {
        var failure = await FailureAsync(await OpenAsync(new FakeReply(Wire(new() { Text = [.. Enumerable.Repeat(new string('x', 5000), 100)] }))));
        Assert.Equal(ModelErrorKind.Invalid, failure.Kind);
        Assert.Contains("200000 bytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rubbish_in_the_stream_is_a_broken_stream()
    {
        var failure = await FailureAsync(await OpenAsync(new FakeReply("event: message_start\ndata: {not json\n\n")));
        Assert.Equal(ModelErrorKind.BrokenStream, failure.Kind);
    }

    [Fact]
    public async Task One_question_is_one_request_even_when_the_server_fails()
    {
        var model = await OpenAsync(FakeReply.Json(500, ErrorBody("api_error", "x")), FakeReply.Json(500, ErrorBody("api_error", "x")), FakeReply.Json(500, ErrorBody("api_error", "x")));
        await FailureAsync(model);
        Assert.Single(Server.Requests, r => !r.Path.EndsWith("/models", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(500)]
    public async Task The_key_is_in_no_message(int status)
    {
        var failure = await FailureAsync(await OpenAsync(FakeReply.Json(status, ErrorBody("x", $"bad key {Key} (sk-test-01****CRET)\u001b[31m"))));
        Assert.DoesNotContain(Key, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("CRET", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', failure.Message);
    }

    [Fact]
    public async Task A_wrong_key_names_the_variable_to_check()
    {
        var failure = await FailureAsync(await FailingAsync(ModelErrorKind.Unauthorized));
        Assert.Contains(KeyVariable, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_model_is_answered_with_the_models_that_exist()
    {
        Server.Models = """{"data":[{"id":"test-model-2","object":"model"},{"id":"other","object":"model"}],"has_more":false}""";
        var failure = await FailureAsync(await FailingAsync(ModelErrorKind.UnknownModel));
        Assert.Contains("'test-model'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("test-model-2, other", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_gone_is_unavailable_and_named()
    {
        var model = await OpenAsync();
        var address = Server.Address;
        await Server.DisposeAsync(); // Twice is allowed: the test's end does so again.
        var failure = await FailureAsync(model);
        Assert.Equal(ModelErrorKind.Unavailable, failure.Kind);
        Assert.Contains(address.Authority, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_with_the_key()
    {
        var failure = await FailureAsync(await OpenAsync(FakeReply.Json(307, "") with { Headers = new() { ["Location"] = "/elsewhere" } }));
        Assert.Equal(ModelErrorKind.Invalid, failure.Kind);
        Assert.DoesNotContain(Server.Requests, r => r.Path == "/elsewhere");
    }

    [Fact]
    public async Task A_rejected_temperature_is_left_out_once_and_for_all()
    {
        var refusal = FakeReply.Json(400, ErrorBody("invalid_request_error", "`temperature` is deprecated for this model.", "unsupported_value"));
        var answer = new FakeReply(Wire(new() { Text = ["Hi"] }));
        var model = await OpenAsync(refusal, answer, answer);
        await ResponseAsync(model);
        await ResponseAsync(model);
        Assert.Equal([true, false, false], Server.Requests.Where(r => r.Body.Length > 0).Select(r => r.Json.ContainsKey("temperature")));
    }

    [Fact]
    public async Task Spent_credit_is_no_reason_to_try_again()
    {
        var failure = await FailureAsync(await OpenAsync(FakeReply.Json(429, ErrorBody("insufficient_quota", "You exceeded your current quota", "insufficient_quota"))));
        Assert.False(failure.Retryable);
        Assert.Contains("credit", failure.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Wait(TimeSpan? retryAfter) =>
        retryAfter is { } wait ? new() { ["Retry-After"] = ((int)wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture) } : [];
}
