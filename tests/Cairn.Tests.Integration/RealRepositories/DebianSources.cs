namespace Cairn.Tests.Integration.RealRepositories;

/// <summary>
/// The machine's own package sources, turned into sources of source packages. Most machines list binary packages only;
/// apt takes the other list from a file of ours, so nothing on the machine is changed and no root is needed.
/// </summary>
internal static class DebianSources
{
    /// <summary>Writes a list of source packages beside <paramref name="directory"/>'s other files for each list of the machine.</summary>
    /// <param name="etc">The machine's /etc/apt.</param>
    /// <param name="directory">Where the new lists go; they keep their kind (.list or .sources).</param>
    /// <returns>How many lists were written.</returns>
    public static int Derive(string etc, string directory)
    {
        var parts = Path.Combine(etc, "sources.list.d");
        var files = new List<string> { Path.Combine(etc, "sources.list") };
        if (Directory.Exists(parts))
        {
            files.AddRange(Directory.EnumerateFiles(parts, "*.list"));
            files.AddRange(Directory.EnumerateFiles(parts, "*.sources"));
        }

        var written = 0;
        foreach (var file in files.Where(File.Exists))
        {
            var text = File.ReadAllText(file);
            var derived = file.EndsWith(".sources", StringComparison.Ordinal) ? FromStanzas(text) : FromLines(text);
            if (derived.Length > 0)
            {
                File.WriteAllText(Path.Combine(directory, Path.GetFileName(file)), derived);
                written++;
            }
        }

        return written;
    }

    /// <summary>The one-line form: `deb [options] uri suite components`.</summary>
    internal static string FromLines(string text) =>
        string.Concat(text.Split('\n')
            .Select(line => line.Trim())
            .Where(line => line.StartsWith("deb ", StringComparison.Ordinal) || line.StartsWith("deb\t", StringComparison.Ordinal))
            .Select(line => $"deb-src{line[3..]}\n"));

    /// <summary>The deb822 form: stanzas of fields, with `Types: deb`.</summary>
    internal static string FromStanzas(string text)
    {
        var stanzas = text.Replace("\r", "", StringComparison.Ordinal)
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(stanza => stanza.Split('\n'))
            .Where(lines => lines.Any(line => Field(line, "Types")?.Split(' ').Contains("deb") == true))
            .Where(lines => !lines.Any(line => Field(line, "Enabled")?.ToLowerInvariant() is "no" or "false" or "0"))
            .Select(lines => string.Join('\n', lines.Select(line => Field(line, "Types") is null ? line : "Types: deb-src")));
        var derived = string.Join("\n\n", stanzas);
        return derived.Length == 0 ? "" : derived + "\n";
    }

    private static string? Field(string line, string name) =>
        line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase) ? line[(name.Length + 1)..].Trim() : null;
}
