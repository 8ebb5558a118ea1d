using Cairn.Abstractions;

namespace Cairn.Memory.Indexing;

/// <summary>Reads what one file says, by its language.</summary>
internal static class FactExtractor
{
    /// <param name="path">Relative to the repository.</param>
    /// <param name="hash">Of the bytes.</param>
    /// <param name="source">Its text; null when it is none.</param>
    /// <param name="tags">What an outlining program found in it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static FileFacts Extract(string path, BlobHash hash, SourceText? source, IEnumerable<OutlineTag> tags, CancellationToken cancellationToken)
    {
        var language = LanguageOf.Path(path);
        if (source is null)
        {
            return new(path, hash, "", [], []);
        }

        var (entities, mentions) = language switch
        {
            "csharp" => CSharpExtractor.Extract(source.Text, cancellationToken),
            "sql" => SqlExtractor.Extract(path, source),
            "markdown" => DocumentExtractor.Markdown(path, source),
            "env" => DocumentExtractor.Env(source),
            "dockerfile" => DocumentExtractor.Dockerfile(path, source),
            "codeowners" => DocumentExtractor.Owners(source),
            "yaml" or "json" => YamlExtractor.Extract(path, source),
            _ when LanguageOf.IsOutlined(language) => OutlineExtractor.Extract(language, source, tags),
            _ => ([], []),
        };
        return new(path, hash, language, entities, mentions);
    }
}
