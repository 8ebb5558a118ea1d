namespace Cairn.Host;

/// <summary>Recorded answers that are embedded: the demo's.</summary>
public static class Recordings
{
    /// <summary>The text of a recording by its name; null when there is none of that name.</summary>
    public static string? Find(string name)
    {
        using var stream = typeof(Recordings).Assembly.GetManifestResourceStream($"Recordings/{name}.yaml");
        if (stream is null)
        {
            return null;
        }

        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
