namespace Cairn.Memory.Indexing;

/// <summary>A definition as an outlining program reports it.</summary>
/// <param name="Path">The file, relative to the repository.</param>
/// <param name="Name">The name.</param>
/// <param name="Kind">The program's word for what it is: function, class, member, …</param>
/// <param name="Line">Its first line, from 1.</param>
/// <param name="EndLine">Its last line.</param>
/// <param name="Scope">What it is in; "" for nothing.</param>
/// <param name="Signature">Its parameters; "" when there are none.</param>
public sealed record OutlineTag(string Path, string Name, string Kind, int Line, int EndLine, string Scope, string Signature);

/// <summary>
/// Finds definitions in languages that this assembly does not read itself. It is a program that reads files which nobody
/// vouches for, so whoever implements this runs it in a sandbox.
/// </summary>
public interface IOutliner
{
    /// <summary>The definitions in some files; nothing for files that it does not know.</summary>
    Task<IReadOnlyList<OutlineTag>> OutlineAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken);
}
