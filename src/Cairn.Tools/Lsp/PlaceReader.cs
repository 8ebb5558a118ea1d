using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>A place that a server named, as people see it.</summary>
/// <param name="Path">Relative, or absolute for what lies outside.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Offset">In the file's text; -1 for what lies outside.</param>
/// <param name="Kind">How it is used, or what it is.</param>
/// <param name="Name">The symbol's name; null when it is the one that was asked about.</param>
internal sealed record FoundPlace(string Path, int Line, int Column, int Offset, string Kind, string? Name = null);

/// <summary>Reads the files that a server's answer names, each once, and shows the lines around.</summary>
internal sealed class PlaceReader(LspSession session, IWorkspace workspace)
{
    private const int MaxLineChars = 400;
    private const int MaxAnswerChars = 64 * 1024;
    private readonly Dictionary<string, (WorkspaceFile File, TextPlaces Places)?> _files = new(StringComparer.Ordinal);

    /// <summary>The text of a file; null when it cannot be read.</summary>
    public TextPlaces? Text(string path) => Read(path)?.Places;

    /// <summary>A place; null when it is none of a file.</summary>
    public FoundPlace? Place(LspLocation location, string kind, string? name = null)
    {
        if (LspUri.Path(session.Root, location.Uri) is not { } path)
        {
            return null;
        }

        if (!LspUri.IsInside(path) || Read(path) is not { } file)
        {
            return new(path, location.Range.Start.Line + 1, location.Range.Start.Character + 1, -1, kind, name);
        }

        var offset = file.Places.Offset(location.Range.Start);
        return new(file.File.Path, file.Places.Line(offset), file.Places.Column(offset), offset, kind, name);
    }

    /// <summary>The places with the lines around them, what was shown of each file, and whether all were shown.</summary>
    /// <param name="places">The places, in any order.</param>
    /// <param name="around">Lines to show before and after each.</param>
    /// <param name="most">The most places to show.</param>
    public (string Text, ImmutableArray<FileMark> Marks, bool Complete) Show(IReadOnlyCollection<FoundPlace> places, int around, int most)
    {
        var text = new StringBuilder();
        var marks = ImmutableArray.CreateBuilder<FileMark>();
        var sorted = places.OrderBy(p => p.Path, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column).Take(most).ToList();
        var complete = sorted.Count == places.Count;
        foreach (var group in sorted.GroupBy(p => p.Path))
        {
            if (text.Length > MaxAnswerChars)
            {
                complete = false;
                break;
            }

            Show([.. group], around, text, marks);
        }

        return (text.ToString().TrimEnd('\n'), [.. marks.Take(ContextReport.MaxFiles)], complete);
    }

    /// <summary>The places for a program.</summary>
    public PlacesData Data(IEnumerable<FoundPlace> places, bool complete) => new(
        [.. places.OrderBy(p => p.Path, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column)
            .Select(p => new CodePlace(p.Path, p.Line, p.Column, p.Kind, p.Offset < 0 ? "" : Read(p.Path)!.Value.Places.LineText(p.Line)) { Name = p.Name })],
        complete);

    private void Show(List<FoundPlace> places, int around, StringBuilder text, ImmutableArray<FileMark>.Builder marks)
    {
        var path = WorkspacePath.Shown(places[0].Path);
        if (places[0].Offset < 0 || Read(places[0].Path) is not { } file)
        {
            foreach (var place in places)
            {
                text.Append(CultureInfo.InvariantCulture, $"{path}:{place.Line}{Note(place)} (outside of the workspace)\n");
            }

            return;
        }

        var byLine = places.GroupBy(p => p.Line).ToDictionary(g => g.Key, g => g.ToList());
        var (from, last) = (0, 0);
        foreach (var line in byLine.Keys.Order().SelectMany(l => Enumerable.Range(l - around, (2 * around) + 1)).Where(l => l >= 1 && l <= file.Places.LineCount).Distinct())
        {
            if (line > last + 1)
            {
                Mark();
                text.Append(last > 0 && around > 0 ? "--\n" : "");
                from = line;
            }

            last = line;
            var own = byLine.GetValueOrDefault(line);
            var sign = own is null ? '-' : ':';
            text.Append(CultureInfo.InvariantCulture, $"{path}{sign}{line}{sign}{string.Concat((own ?? []).Select(Note).Distinct())} {SafeText.Line(file.Places.LineText(line), MaxLineChars)}\n");
        }

        Mark();

        void Mark()
        {
            if (last > 0)
            {
                marks.Add(new FileMark(file.File.Path, file.File.Version) { From = from, To = last });
            }
        }
    }

    private static string Note(FoundPlace place) =>
        (place.Kind.Length == 0 ? "" : $" [{place.Kind}]") + (place.Name is null ? "" : $" {SafeText.Line(place.Name, 200)}");

    private (WorkspaceFile File, TextPlaces Places)? Read(string path)
    {
        if (!_files.TryGetValue(path, out var file))
        {
            file = LspUri.IsInside(path) && OpenDocuments.Read(workspace, path) is { } read ? (read.File, new TextPlaces(read.Text, session.Unit)) : null;
            _files[path] = file;
        }

        return file;
    }
}
