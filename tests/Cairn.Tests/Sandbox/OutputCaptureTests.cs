using Cairn.Sandbox.Limits;

namespace Cairn.Tests.Sandbox;

public sealed class OutputCaptureTests
{
    [Fact]
    public void A_flood_takes_memory_by_the_limit_and_not_by_its_length()
    {
        var told = 0L;
        var capture = new OutputCapture(10_000, text => told += text.Length);
        var block = new byte[16 * 1024];
        block.AsSpan().Fill((byte)'y');
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            capture.Add(block);
        }

        var text = capture.Text();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 10_000, 200_000);
        Assert.True(capture.IsCut);
        Assert.InRange(told, 9_000, 10_000);
        Assert.Contains($"[... {(10_000 * block.Length) - 10_000} bytes left out ...]", text, StringComparison.Ordinal);
    }
}
