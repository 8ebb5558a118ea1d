using Cairn.Memory.Keywords;

namespace Cairn.Memory.Indexing;

/// <summary>The texts by which a file and what is in it are found.</summary>
internal static class ModelTexts
{
    private const int BodyLines = 80;
    private const int FileChars = 30_000;

    private static readonly HashSet<string> Found =
    [
        "Function", "Method", "Class", "Interface", "Type", "Table", "Column", "Migration", "Doc", "Decision", "Incident", "Runbook", "Section", "Service", "EnvVar", "Macro",
    ];

    public static IEnumerable<string> Keys(FileFacts facts) => Entities(facts).Select(entity => ModelEdit.KeyOf(facts.Path, entity)).Append(facts.Path);

    public static IEnumerable<(KeywordText Keywords, string Words)> Of(IndexedFile file)
    {
        var facts = file.Facts;
        var source = SourceLines(file.Text);
        foreach (var entity in Entities(facts))
        {
            var body = Slice(source, entity.Line, Math.Min(entity.EndLine, entity.Line + BodyLines));
            var doc = entity.Properties.GetValueOrDefault("doc", "");
            yield return (
                new KeywordText(ModelEdit.KeyOf(facts.Path, entity), [(entity.Name, 4), (entity.Container, 2), (facts.Path, 1.5f), (doc, 1.5f), (body, 1)]),
                $"{entity.Name} {entity.Name} {entity.Container} {facts.Path} {doc} {body}");
        }

        var text = file.Text.Length > FileChars ? file.Text[..FileChars] : file.Text;
        var names = string.Join(' ', facts.Entities.Select(entity => entity.Name));
        yield return (new KeywordText(facts.Path, [(facts.Path, 3), (names, 1.5f), (text, 1)]), $"{facts.Path} {facts.Path} {names} {(text.Length > 4000 ? text[..4000] : text)}");
    }

    private static IEnumerable<Entity> Entities(FileFacts facts) => facts.Entities.Where(entity => Found.Contains(entity.Kind)).DistinctBy(entity => ModelEdit.KeyOf(facts.Path, entity));

    private static string[] SourceLines(string text) => text.Split('\n');

    private static string Slice(string[] lines, int first, int last) =>
        first > lines.Length ? "" : string.Join('\n', lines[(first - 1)..Math.Min(lines.Length, Math.Max(first, last))]);
}
