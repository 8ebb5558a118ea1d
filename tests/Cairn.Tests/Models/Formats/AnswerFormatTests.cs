using System.Buffers;
using System.Text;
using Cairn.Models;
using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Models.Formats;

/// <summary>What goes into a format comes out of it again, however it is cut; and what is cut off is never whole.</summary>
public sealed class AnswerFormatTests
{
    private static readonly AnswerFrame Frame = new("0123", 1_700_000_000, "model", new HashSet<string>());

    public static TheoryData<WireFormat> Formats => [WireFormat.Chat, WireFormat.Responses, WireFormat.Messages];

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_streamed_answer_is_read_as_it_was_written_however_its_bytes_are_cut(WireFormat format) =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Answers().ToArbitrary(), Gen.Choose(1, 40).ToArbitrary(), (answer, piece) =>
        {
            var read = Read(format, Stream(format, answer), piece);
            Assert.Null(read.Error);
            AssertSame(answer, read);
        }));

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_whole_answer_is_read_as_it_was_written(WireFormat format) =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Answers().ToArbitrary(), answer =>
        {
            var read = new WireAnswer();
            var decoder = WireCodec.Decoder(format, read);
            decoder.Add(WireCodec.Whole(format, Frame, Collect(answer)));
            decoder.Complete();
            Assert.Null(read.Error);
            AssertSame(answer, read);
        }));

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_stream_that_is_cut_before_its_last_event_is_never_whole(WireFormat format)
    {
        var stream = Stream(format, new Said("Look:", [new("c1", "read", """{"path":"a"}"""), new("c2", "run", """{"x":1}""")], WireStop.Calls, new(10, 5)));
        var text = Encoding.UTF8.GetString(stream);

        // The mark behind the last event of Chat Completions says nothing that the event before it did not say.
        var last = text.LastIndexOf(format == WireFormat.Chat ? "\"finish_reason\":\"tool_calls\"" : "data:", StringComparison.Ordinal);
        for (var end = 0; end < last; end++)
        {
            var read = Read(format, stream.AsSpan(0, Encoding.UTF8.GetByteCount(text[..end])).ToArray(), 1000);
            Assert.False(read.IsWhole, $"cut at {end}: {text[..end]}");
            Assert.NotNull(read.Error);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void An_answer_that_fails_in_the_middle_says_why_and_is_not_whole(WireFormat format)
    {
        var output = new ArrayBufferWriter<byte>();
        var encoder = WireCodec.Encoder(format, Frame, true, output);
        encoder.Begin("m");
        encoder.CallBegin("c1", "run", custom: false);
        encoder.CallArguments("""{"command":"rm""");
        encoder.Fail(new(529, "overloaded_error", "too many ask"));
        var read = Read(format, output.WrittenSpan.ToArray(), 7);
        Assert.False(read.IsWhole);
        Assert.Equal("too many ask", read.Error!.Message);
    }

    [Fact]
    public void Fragments_of_parallel_calls_that_come_in_turns_make_whole_calls()
    {
        var read = new WireAnswer();
        var decoder = new ChatDecoder(read);
        foreach (var (index, id, name, part) in new[] { (0, "a", "one", "{\"x\""), (1, "b", "two", "{\"y\":[1"), (0, "", "", ":1}"), (1, "", "", ",2]}") })
        {
            var head = id.Length > 0 ? $"\"id\":\"{id}\",\"type\":\"function\"," : "";
            var named = name.Length > 0 ? $"\"name\":\"{name}\"," : "";
            decoder.Add(Encoding.UTF8.GetBytes(
                $"{{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{index},{head}\"function\":{{{named}\"arguments\":{System.Text.Json.JsonSerializer.Serialize(part)}}}}}]}}}}]}}"));
        }

        decoder.Add("""{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"""u8.ToArray());
        decoder.Complete();
        Assert.Equal(["""one {"x":1}""", """two {"y":[1,2]}"""], read.Parts.Select(p => $"{p.Name} {p.Arguments}"));
        Assert.True(read.IsWhole);
    }

    [Fact]
    public void Signed_reasoning_survives_the_way_through_a_client_of_another_format()
    {
        var thought = new OpaqueReasoning(WireFormat.Messages, """{"type":"thinking","thinking":"hm","signature":"s=="}""");
        Assert.Equal(thought, OpaqueReasoning.Unpack(thought.Pack()));
        Assert.Null(OpaqueReasoning.Unpack("the provider's own"));
        Assert.Null(OpaqueReasoning.Unpack(thought.Pack()[..^4] + "!!!!"));

        // As a client of Responses sends it back, it reaches a provider of Messages unchanged.
        var item = $$$"""{"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"{{{thought.Pack()}}}"},{"type":"message","role":"assistant","content":"yes"}]}""";
        var request = WireCodec.Read(WireFormat.Responses, Encoding.UTF8.GetBytes(item));
        var written = Encoding.UTF8.GetString(WireCodec.Write(WireFormat.Messages, request, "m", 100));
        Assert.Contains(thought.Json, written, StringComparison.Ordinal);
        Assert.DoesNotContain("thinking", Encoding.UTF8.GetString(WireCodec.Write(WireFormat.Chat, request, "m", 100)), StringComparison.Ordinal);
    }

    private static Gen<Said> Answers()
    {
        var text = Gen.Elements("", "Hello.", "äöü — 🦊\n\"quoted\" \\ {}", "data: x\n\nevent: y", "<b>&amp;</b>");
        var arguments = Gen.Elements("{}", """{"path":"dir \"ü\"\\😀/ファイル.txt"}""", """{"n":[1,2.5e3,null,true],"a":{"b":"\n"}}""");
        var call = from name in Gen.Elements("read_file", "run", "x") from a in arguments select (name, a);
        return from t in text
               from calls in call.ListOf()
               from stop in Gen.Elements(WireStop.Stop, WireStop.Length)
               from input in Gen.Choose(0, 100_000)
               from cached in Gen.Choose(0, input)
               from output in Gen.Choose(0, 10_000)
               select new Said(
                   t, [.. calls.Select((c, i) => new ModelToolCall($"call_{i}", c.name, c.a))], calls.Count > 0 && stop == WireStop.Stop ? WireStop.Calls : stop, new(input, output, cached));
    }

    private static byte[] Stream(WireFormat format, Said said)
    {
        var output = new ArrayBufferWriter<byte>();
        Tell(said, WireCodec.Encoder(format, Frame, true, output));
        return output.WrittenSpan.ToArray();
    }

    private static WireAnswer Collect(Said said)
    {
        var answer = new WireAnswer();
        Tell(said, answer);
        return answer;
    }

    private static void Tell(Said said, IAnswerSink sink)
    {
        sink.Begin("model");
        for (var at = 0; at < said.Text.Length; at += 5)
        {
            sink.Text(said.Text.Substring(at, Math.Min(5, said.Text.Length - at)));
        }

        foreach (var call in said.Calls)
        {
            sink.CallBegin(call.Id, call.Name, custom: false);
            var half = call.Arguments.Length / 2;
            sink.CallArguments(call.Arguments[..half]);
            sink.CallArguments(call.Arguments[half..]);
            sink.CallEnd();
        }

        sink.Usage(said.Usage);
        sink.End(said.Stop);
    }

    private static WireAnswer Read(WireFormat format, byte[] stream, int piece)
    {
        var read = new WireAnswer();
        var decoder = WireCodec.Decoder(format, read);
        var sse = new SseReader(decoder.Add);
        for (var at = 0; at < stream.Length; at += piece)
        {
            sse.Feed(stream.AsSpan(at, Math.Min(piece, stream.Length - at)));
        }

        decoder.Complete();
        return read;
    }

    private static void AssertSame(Said said, WireAnswer read)
    {
        Assert.True(read.IsWhole);
        Assert.Equal(said.Text, read.Text);
        Assert.Equal(said.Calls, read.ToResponse().ToolCalls);
        Assert.Equal(said.Stop, read.Stop);
        Assert.Equal(said.Usage, read.Usage);
    }

    private sealed record Said(string Text, IReadOnlyList<ModelToolCall> Calls, WireStop Stop, WireUsage Usage);
}
