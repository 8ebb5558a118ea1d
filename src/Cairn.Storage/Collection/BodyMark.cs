namespace Cairn.Storage;

/// <summary>
/// Finds the bodies that records name: every 64 hexadecimal digits in an event count as one. That keeps too much rather
/// than too little, also for events that a later version adds.
/// </summary>
internal static class BodyMark
{
    private const int Digits = BlobHash.Size * 2;

    /// <summary>Adds all hashes that a text may name.</summary>
    public static void Add(ReadOnlySpan<byte> text, HashSet<BlobHash> found)
    {
        var run = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'a' and <= (byte)'f'))
            {
                run++;
                continue;
            }

            if (run == Digits)
            {
                found.Add(BlobHash.FromBytes(Convert.FromHexString(System.Text.Encoding.ASCII.GetString(text.Slice(i - Digits, Digits)))));
            }

            run = 0;
        }
    }
}
