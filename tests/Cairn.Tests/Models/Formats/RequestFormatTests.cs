using System.Text;
using System.Text.Json.Nodes;
using Cairn.Models;

namespace Cairn.Tests.Models.Formats;

/// <summary>A conversation means the same in each format.</summary>
public sealed class RequestFormatTests
{
    private static readonly string Pixel = "data:image/png;base64,iVBORw0KGgo=";

    public static TheoryData<WireFormat, WireFormat> Pairs
    {
        get
        {
            var pairs = new TheoryData<WireFormat, WireFormat>();
            foreach (var from in Enum.GetValues<WireFormat>())
            {
                foreach (var to in Enum.GetValues<WireFormat>())
                {
                    pairs.Add(from, to);
                }
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_conversation_with_images_and_parallel_calls_survives_the_way_from_each_format_to_each_other(WireFormat from, WireFormat to)
    {
        var first = WireCodec.Read(from, WireCodec.Write(from, Conversation(), "m", 1000));
        var second = WireCodec.Read(to, WireCodec.Write(to, first, "m", 1000));
        Assert.Equal(Told(Conversation()), Told(second));
        Assert.Equal(["read_file: Reads.", "run: Runs."], second.Tools.Select(t => $"{t.Name}: {t.Description}"));
        Assert.All(second.Tools, t => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(t.Schema), JsonNode.Parse(Schema))));
        Assert.Equal(500, second.MaxTokens);
        Assert.Equal("required", second.ToolChoice!.Mode);
        Assert.True(second.IsStream);
    }

    [Fact]
    public void The_head_changes_the_models_name_and_not_one_other_byte()
    {
        const string Body = """ { "future" : {"model":"inner","deep":[1, 2 ]} ,"model" : "gpt-\u0078" , "stream":true,"n":1.0,"text":"ü \u00fc" } """;
        var (head, problem) = RequestHead.Read(Encoding.UTF8.GetBytes(Body));
        Assert.Null(problem);
        Assert.Equal("gpt-x", head!.Model);
        Assert.True(head.IsStream);
        var rewritten = Encoding.UTF8.GetString(head.Rewrite(Encoding.UTF8.GetBytes(Body), "other", usage: false).Span);
        Assert.Equal(Body.Replace("\"gpt-\\u0078\"", "\"other\"", StringComparison.Ordinal), rewritten);
        Assert.Equal(Body, Encoding.UTF8.GetString(head.Rewrite(Encoding.UTF8.GetBytes(Body), null, usage: false).Span));
    }

    [Fact]
    public void The_head_asks_for_the_usage_where_the_client_does_not()
    {
        var body = """{"model":"m","stream":true}"""u8.ToArray();
        var asked = RequestHead.Read(body).Head!.Rewrite(body, null, usage: true);
        Assert.True((bool)JsonNode.Parse(asked.Span)!["stream_options"]!["include_usage"]!);
        var own = """{"model":"m","stream":true,"stream_options":{"include_usage":true}}"""u8.ToArray();
        Assert.Equal(own, RequestHead.Read(own).Head!.Rewrite(own, null, usage: true).ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"model\":\"m\"")]
    [InlineData("{\"model\":\"m\"} x")]
    [InlineData("\"model\"")]
    public void What_is_no_request_is_refused_with_a_reason(string body)
    {
        var (head, problem) = RequestHead.Read(Encoding.UTF8.GetBytes(body));
        Assert.Null(head);
        Assert.NotEmpty(problem!);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"input_audio"}]}]}""", WireFormat.Chat)]
    [InlineData("""{"messages":[{"role":"nobody","content":"x"}]}""", WireFormat.Chat)]
    [InlineData("""{"messages":[{"role":"user","content":7}]}""", WireFormat.Chat)]
    [InlineData("""{"input":[{"type":"hologram"}]}""", WireFormat.Responses)]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"document"}]}]}""", WireFormat.Messages)]
    public void What_cannot_be_said_in_another_format_is_refused_not_dropped(string body, WireFormat format) =>
        Assert.Throws<WireRequestException>(() => WireCodec.Read(format, Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Tools_that_take_free_text_take_json_where_a_format_knows_nothing_else()
    {
        var request = WireCodec.Read(WireFormat.Responses, """
            {"model":"m","input":[{"role":"user","content":"x"},{"type":"custom_tool_call","call_id":"c","name":"patch","input":"*** a"},{"type":"custom_tool_call_output","call_id":"c","output":"ok"}],
             "tools":[{"type":"custom","name":"patch","description":"d","format":{"type":"text"}}]}
            """u8.ToArray());
        var chat = JsonNode.Parse(WireCodec.Write(WireFormat.Chat, request, "m", 10))!;
        Assert.Equal("""{"input":"*** a"}""", (string?)chat["messages"]![1]!["tool_calls"]![0]!["function"]!["arguments"]);
        Assert.Equal("input", (string?)chat["tools"]![0]!["function"]!["parameters"]!["required"]![0]);
    }

    private const string Schema = """{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}""";

    private static WireRequest Conversation()
    {
        var request = new WireRequest { Model = "m", IsStream = true, MaxTokens = 500, ToolChoice = new("required") };
        request.Tools.Add(new("read_file", "Reads.", Schema, null));
        request.Tools.Add(new("run", "Runs.", Schema, null));
        request.Add(ChatRole.System, WirePart.OfText("You help."));
        request.Add(ChatRole.User, WirePart.OfText("What is this? \"ü\" 🦊"), new(WirePartKind.Image) { Url = Pixel });
        request.Add(
            ChatRole.Assistant, WirePart.OfText("I look."),
            new(WirePartKind.Call) { Id = "c1", Name = "read_file", Arguments = """{"path":"a \"b\""}""" },
            new(WirePartKind.Call) { Id = "c2", Name = "run", Arguments = "{}" });
        request.Add(
            ChatRole.Tool,
            new(WirePartKind.Result) { Id = "c1", Content = [WirePart.OfText("text\nof a")] },
            new(WirePartKind.Result) { Id = "c2", Content = [WirePart.OfText("ran")] });
        request.Add(ChatRole.User, WirePart.OfText("Go on."));
        return request;
    }

    /// <summary>What is said, whoever's message it stands in: formats differ in where one message ends.</summary>
    private static string[] Told(WireRequest request) => [.. request.Messages.SelectMany(m => m.Parts.Select(p => p.Kind switch
    {
        WirePartKind.Result => $"result {p.Id} {string.Concat(p.Content.Select(c => c.Text))}",
        WirePartKind.Call => $"call {p.Id} {p.Name} {p.Arguments}",
        WirePartKind.Image => $"{m.Role} image {p.Url}",
        _ => $"{m.Role} {p.Text}",
    }))];
}
