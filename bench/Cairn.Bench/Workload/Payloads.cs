using System.Globalization;

namespace Cairn.Bench.Workload;

/// <summary>Text that no store can compress, nor keep once for two steps.</summary>
internal static class Payloads
{
    private const int Longest = 64 * 1024;
    private const int Shift = 4096;
    private static readonly string Noise = Convert.ToBase64String(RandomBytes());

    public static string Of(string run, int step, int bytes)
    {
        var head = string.Create(CultureInfo.InvariantCulture, $"{run}/{step}/");
        return string.Concat(head, Noise.AsSpan(step * 31 % Shift, Math.Max(0, bytes - head.Length)));
    }

    private static byte[] RandomBytes()
    {
        var bytes = new byte[Longest + Shift];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
