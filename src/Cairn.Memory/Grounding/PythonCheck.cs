using System.Text.RegularExpressions;
using Cairn.Abstractions;

namespace Cairn.Memory.Grounding;

/// <summary>Checks what a Python file imports, calls and patches.</summary>
internal sealed partial class PythonCheck(IGroundView view, PathTree tree)
{
    private static readonly string[] Roots = ["", "src/", "lib/", "python/"];

    public void Check(string path, string text, FindingSink sink)
    {
        var source = PythonSource.Read(text);
        foreach (var import in source.Imports.Where(import => !import.IsGuarded))
        {
            Import(path, import, sink);
        }

        if (!source.IsDynamic)
        {
            foreach (var call in source.Calls.Where(call => !source.Bound.Contains(call.Name) && !PythonNames.BuiltIn.Contains(call.Name)))
            {
                sink.Add("name", call.Name, call.Line, $"Nothing in this file defines or imports {call.Name}.", Near(sink, path, source, call.Name));
            }
        }

        foreach (var patch in source.Patches)
        {
            Patch(path, patch, sink);
        }
    }

    private void Import(string path, ImportedModule import, FindingSink sink)
    {
        if (import.Module.StartsWith('.'))
        {
            var dots = import.Module.Length - import.Module.TrimStart('.').Length;
            var folder = path;
            for (var i = 0; i < dots && folder is not null; i++)
            {
                folder = folder.Length == 0 ? null : folder.LastIndexOf('/') is >= 0 and var slash ? folder[..slash] : "";
            }

            if (folder is not null)
            {
                Inside(Join(folder, import.Module[dots..]), import, sink);
            }

            return;
        }

        var first = import.Module.Split('.')[0];
        if (PythonNames.Library.Contains(first))
        {
            return;
        }

        if (RootOf(path, first) is { } root)
        {
            Inside(root + import.Module.Replace('.', '/'), import, sink);
        }
        else if (!tree.HasName(first) && tree.Declared.Count > 0 && !IsDeclared(first))
        {
            sink.Add("package", first, import.Line, $"The package {first} is neither of Python, nor of this repository, nor named by what it depends on.", []);
        }
    }

    private void Inside(string module, ImportedModule import, FindingSink sink)
    {
        module = module.TrimEnd('/');
        if (tree.Module(module) is not { } file)
        {
            if (!IsMade(module) && !tree.HasFolder(module))
            {
                sink.Add("import", import.Module, import.Line, $"There is no module {import.Module}.", sink.Files(Nearest.Paths(module + ".py", tree.PythonFiles)));
            }

            return;
        }

        if (import.Names.Count == 0 || ParsedFiles.Shared.Get(view, file, "python", PythonSource.Read) is not { IsDynamic: false } source)
        {
            return;
        }

        var folder = file.EndsWith("/__init__.py", StringComparison.Ordinal) ? file[..^"/__init__.py".Length] : null;
        foreach (var name in import.Names.Where(name => name != "*" && !name.StartsWith("__", StringComparison.Ordinal) && !source.Bound.Contains(name)))
        {
            if (folder is null || (tree.Module($"{folder}/{name}") is null && !tree.HasFolder($"{folder}/{name}") && !IsMade(name)))
            {
                sink.Add("import", $"{import.Module}.{name}", import.Line, $"{file} has no {name}.", Nearest.Names(name, source.Bound).Select(near => sink.Place(near, file, LineOf(source, near))));
            }
        }
    }

    private void Patch(string path, NameUse patch, FindingSink sink)
    {
        var parts = patch.Name.Split('.');
        if (parts.Length < 2 || !parts.All(part => Identifier().IsMatch(part)) || RootOf(path, parts[0]) is not { } root)
        {
            return;
        }

        for (var count = parts.Length - 1; count > 0; count--)
        {
            var module = root + string.Join('/', parts[..count]);
            if (tree.Module(module) is { } file)
            {
                var source = ParsedFiles.Shared.Get(view, file, "python", PythonSource.Read);
                if (source is { IsDynamic: false } && !source.Bound.Contains(parts[count]) && !PythonNames.BuiltIn.Contains(parts[count]) && !tree.HasFolder($"{module}/{parts[count]}"))
                {
                    sink.Add("test", patch.Name, patch.Line, $"{file} has no {parts[count]} that could be replaced.", Nearest.Names(parts[count], source.Bound).Select(near => sink.Place(near, file, LineOf(source, near))));
                }

                return;
            }
        }

        if (!tree.HasFolder(root + parts[0]))
        {
            return;
        }

        sink.Add("test", patch.Name, patch.Line, $"There is no module {string.Join('.', parts[..^1])}.", sink.Files(Nearest.Paths(string.Join('/', parts[..^1]) + ".py", tree.PythonFiles)));
    }

    /// <summary>Where a package of this repository begins, as a file sees it; null for one that is not of this repository.</summary>
    private string? RootOf(string path, string first)
    {
        var folder = path.LastIndexOf('/') is >= 0 and var slash ? path[..(slash + 1)] : "";
        foreach (var root in Roots.Append(folder).Distinct(StringComparer.Ordinal))
        {
            if (tree.Module(root + first) is { } file && file != path)
            {
                return root;
            }
        }

        return null;
    }

    private static IEnumerable<GroundingPlace> Near(FindingSink sink, string path, PythonSource source, string name) =>
        Nearest.Names(name, source.Bound, 0.6).Select(near => sink.Place(near, path, LineOf(source, near)));

    private static int LineOf(PythonSource source, string name) =>
        Regex.Match(source.Scan.Code, $@"\b(?:def|class)\s+{name}\b|\b{name}\b", RegexOptions.CultureInvariant) is { Success: true } match ? source.Scan.LineOf(match.Index) : 0;

    private bool IsDeclared(string import)
    {
        var declared = tree.Declared;
        return declared.Contains(Plain(import)) || declared.Contains("python" + Plain(import)) || declared.Contains("py" + Plain(import)) || declared.Contains(Plain(import) + "python") || declared.Contains("types" + Plain(import))
            || (PythonNames.Packages.GetValueOrDefault(import) ?? []).Any(name => declared.Contains(Plain(name))) || declared.Any(word => word.StartsWith(Plain(import), StringComparison.Ordinal));
    }

    private static string Plain(string name) => PathTree.Plain(name);

    /// <summary>What builds make, and no repository holds.</summary>
    private static bool IsMade(string module) => Made().IsMatch(module);

    private static string Join(string folder, string module) => module.Length == 0 ? folder : folder.Length == 0 ? module.Replace('.', '/') : $"{folder}/{module.Replace('.', '/')}";

    [GeneratedRegex(@"_pb2|_version$|(?:^|/)_?version$|_generated|_speedups$|(?:^|/)_\w+$")]
    private static partial Regex Made();

    [GeneratedRegex(@"^[A-Za-z_]\w*$")]
    private static partial Regex Identifier();
}
