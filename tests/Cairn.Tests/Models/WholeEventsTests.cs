using System.Text;
using Cairn.Models;

namespace Cairn.Tests.Models;

public sealed class WholeEventsTests
{
    [Theory]
    [InlineData("data: a\n\ndata: b\n\n", "")]
    [InlineData("event: x\ndata: a\n\ndata: {\"hal", "data: {\"hal")]
    [InlineData("data: a\r\n\r\ndata: b\r\n", "data: b\r\n")]
    [InlineData("data: a\r\rdata: b", "data: b")]
    [InlineData("data", "data")]
    [InlineData("", "")]
    public async Task Whole_events_leave_wherever_the_bytes_are_cut_and_half_a_one_stays(string stream, string rest)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);
        for (var size = 1; size <= bytes.Length + 1; size++)
        {
            var events = new WholeEvents();
            var sent = new StringBuilder();
            foreach (var block in bytes.Chunk(size))
            {
                await events.PassAsync(block, (piece, _) =>
                {
                    sent.Append(Encoding.UTF8.GetString(piece.Span));
                    return ValueTask.CompletedTask;
                }, TestContext.Current.CancellationToken);
            }

            Assert.Equal((stream[..^rest.Length], rest), (sent.ToString(), Encoding.UTF8.GetString(events.Rest.Span)));
        }
    }
}
