using Cairn.Abstractions;

namespace Cairn.Memory.Grounding;

/// <summary>
/// The state that names are checked against: one version of a repository. It never changes while it is asked, so what the
/// gate finds depends on nothing but the action and this.
/// </summary>
public interface IGroundView
{
    /// <summary>The files that matter: those that no rule leaves out.</summary>
    IReadOnlyCollection<string> Paths { get; }

    /// <summary>Whether there is a file or directory of that path, one that is left out included.</summary>
    bool Exists(string path);

    /// <summary>The text of a file; null when there is none, or it is no text, or too large.</summary>
    string? Text(string path);

    /// <summary>The hash of a file; none when there is no such file.</summary>
    BlobHash VersionOf(string path);

    /// <summary>The files that mention a name in an import, where that is known; null where it is not.</summary>
    IReadOnlyCollection<string>? Importers(string path);
}

/// <summary>A state with some files in another form: what it would be after a write.</summary>
/// <param name="below">The state.</param>
/// <param name="texts">The files in their new form; null for those that are gone.</param>
public sealed class ChangedView(IGroundView below, IReadOnlyDictionary<string, string?> texts) : IGroundView
{
    private readonly Lazy<IReadOnlyCollection<string>> _paths = new(() =>
        [.. below.Paths.Where(path => !texts.TryGetValue(path, out var text) || text is not null).Concat(texts.Where(pair => pair.Value is not null).Select(pair => pair.Key)).Distinct(StringComparer.Ordinal)]);

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Paths => _paths.Value;

    /// <inheritdoc/>
    public bool Exists(string path) => texts.TryGetValue(path, out var text)
        ? text is not null
        : texts.Any(pair => pair.Value is not null && pair.Key.StartsWith(path + "/", StringComparison.Ordinal)) || below.Exists(path);

    /// <inheritdoc/>
    public string? Text(string path) => texts.TryGetValue(path, out var text) ? text : below.Text(path);

    /// <inheritdoc/>
    public BlobHash VersionOf(string path) => texts.TryGetValue(path, out var text) ? text is null ? default : BlobHash.OfText(text) : below.VersionOf(path);

    /// <inheritdoc/>
    public IReadOnlyCollection<string>? Importers(string path) => below.Importers(path);
}
