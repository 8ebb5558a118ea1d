using System.Text.RegularExpressions;
using Cairn.Abstractions;

namespace Cairn.Memory.Grounding;

/// <summary>Checks what a JavaScript or TypeScript file imports and calls.</summary>
internal sealed partial class JavaScriptCheck(IGroundView view, PathTree tree)
{
    private static readonly string[] Endings = ["", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".d.ts", ".d.mts", ".json", ".vue", ".svelte", ".node", ".css", ".scss", ".less", ".astro", ".md", ".mdx", ".graphql"];

    private static readonly string[] Indexes = ["index.ts", "index.tsx", "index.js", "index.jsx", "index.mjs", "index.cjs", "index.d.ts", "index.json", "index.vue", "package.json"];

    public void Check(string path, string text, FindingSink sink)
    {
        var source = JavaScriptSource.Read(text);
        foreach (var import in source.Imports.Where(import => !import.IsGuarded))
        {
            Import(path, import, sink);
        }

        if (source.IsModule && !path.EndsWith(".d.ts", StringComparison.Ordinal))
        {
            foreach (var call in source.Calls.Where(call => !source.Bound.Contains(call.Name) && !JavaScriptNames.BuiltIn.Contains(call.Name)))
            {
                sink.Add("name", call.Name, call.Line, $"Nothing in this file defines or imports {call.Name}.", Nearest.Names(call.Name, source.Bound, 0.6).Select(near => sink.Place(near, path, LineOf(source, near))));
            }
        }
    }

    private void Import(string path, ImportedModule import, FindingSink sink)
    {
        var module = import.Module.Split('?')[0];
        if (module.Length == 0 || Odd().IsMatch(module))
        {
            return;
        }

        if (module.StartsWith('.'))
        {
            Relative(path, module, import, sink);
        }
        else
        {
            Package(path, module, import, sink);
        }
    }

    private void Relative(string path, string module, ImportedModule import, FindingSink sink)
    {
        if (RepositoryPath.Combine(path.LastIndexOf('/') is >= 0 and var slash ? path[..slash] : "", module) is not { } target || IsMade(target))
        {
            return;
        }

        if (Find(target) is not { } file)
        {
            if (!view.Exists(target))
            {
                sink.Add("import", import.Module, import.Line, $"There is no file {target}, with none of the endings that an import may leave out.", sink.Files(Nearest.Paths(target, tree.Files.Where(IsScript))));
            }

            return;
        }

        if (import.Names.Count == 0 || !IsScript(file) || ParsedFiles.Shared.Get(view, file, "javascript", JavaScriptSource.Read) is not { } source)
        {
            return;
        }

        foreach (var name in import.Names.Where(name => name != "default" && !source.MayExport(name)))
        {
            var known = source.Exports ?? (IEnumerable<string>)source.Bound;
            sink.Add("import", $"{import.Module}#{name}", import.Line, $"{file} exports no {name}.", Nearest.Names(name, known).Select(near => sink.Place(near, file, LineOf(source, near))));
        }
    }

    private void Package(string path, string module, ImportedModule import, FindingSink sink)
    {
        var parts = module.Split('/');
        var name = module[0] == '@' && parts.Length > 1 ? $"{parts[0]}/{parts[1]}" : parts[0];
        if (JavaScriptNames.Library.Contains(parts[0]) || !PackageName().IsMatch(name) || parts[0] == "@")
        {
            return;
        }

        var manifests = Manifests(path).ToList();
        if (manifests.Count == 0 || tree.HasFolder(parts[0]) || tree.HasFolder("src/" + parts[0]) || tree.Files.Any(file => file.StartsWith(parts[0] + ".", StringComparison.Ordinal)) || IsAlias(name, parts[0]))
        {
            return;
        }

        var typed = "@types/" + name.TrimStart('@').Replace("/", "__", StringComparison.Ordinal);
        if (!manifests.Exists(text => text.Contains($"\"{name}\"", StringComparison.Ordinal) || text.Contains($"\"{typed}\"", StringComparison.Ordinal))
            && !view.Exists($"node_modules/{name}") && !tree.Files.Where(file => file.EndsWith("package.json", StringComparison.Ordinal)).Take(300).Any(file => view.Text(file)?.Contains($"\"{name}\"", StringComparison.Ordinal) == true))
        {
            var known = manifests.SelectMany(text => Quoted().Matches(text).Select(match => match.Groups[1].Value));
            sink.Add("package", name, import.Line, $"No package.json here names {name}.", Nearest.Names(name, known, 0.6).Select(near => sink.Place(near, "package.json", 0)));
        }
    }

    /// <summary>Configurations can give folders other names; whatever one of them says in quotes counts.</summary>
    private bool IsAlias(string name, string first) => tree.Files.Where(file => Configuration().IsMatch(file)).Order(StringComparer.Ordinal).Take(40)
        .Any(file => view.Text(file) is { } text && (text.Contains($"'{name}", StringComparison.Ordinal) || text.Contains($"\"{name}", StringComparison.Ordinal) || text.Contains($"\"{first}/", StringComparison.Ordinal) || text.Contains($"'{first}", StringComparison.Ordinal) || text.Contains("baseUrl", StringComparison.Ordinal)));

    private IEnumerable<string> Manifests(string path)
    {
        for (var folder = path; folder.Length > 0;)
        {
            folder = folder.LastIndexOf('/') is > 0 and var slash ? folder[..slash] : "";
            if (view.Text(folder.Length == 0 ? "package.json" : folder + "/package.json") is { } text)
            {
                yield return text;
            }
        }
    }

    private string? Find(string target)
    {
        foreach (var ending in Endings)
        {
            if (tree.HasFile(target + ending))
            {
                return target + ending;
            }
        }

        // TypeScript is imported by the name of what it becomes.
        if (Compiled().Match(target) is { Success: true } compiled)
        {
            var stem = target[..compiled.Index];
            foreach (var ending in (ReadOnlySpan<string>)[".ts", ".tsx", ".mts", ".cts", ".d.ts", ".jsx"])
            {
                if (tree.HasFile(stem + ending))
                {
                    return stem + ending;
                }
            }
        }

        foreach (var index in Indexes)
        {
            if (tree.HasFile(target.Length == 0 ? index : $"{target}/{index}"))
            {
                return target.Length == 0 ? index : $"{target}/{index}";
            }
        }

        return Endings.Select(ending => target + ending).FirstOrDefault(view.Exists);
    }

    private static int LineOf(JavaScriptSource source, string name) => source.Scan.Code.IndexOf(name, StringComparison.Ordinal) is >= 0 and var at ? source.Scan.LineOf(at) : 0;

    private static bool IsScript(string path) => Script().IsMatch(path);

    private bool IsMade(string target) => MadeFolder().IsMatch(target) && !tree.Files.Any(file => file.StartsWith(MadeFolder().Match(target).Value.TrimStart('/'), StringComparison.Ordinal));

    [GeneratedRegex(@"^(?:[~#$/!]|@/|\w+:)|[!${}*]")]
    private static partial Regex Odd();

    [GeneratedRegex(@"^(?:@[\w.-]+/)?[\w.-]+$")]
    private static partial Regex PackageName();

    [GeneratedRegex(@"\.[cm]?jsx?$")]
    private static partial Regex Compiled();

    [GeneratedRegex(@"\.(?:[cm]?[jt]s|[jt]sx)$")]
    private static partial Regex Script();

    [GeneratedRegex(@"(?:^|/)(?:dist|build|lib|out|generated|__generated__|\.\w[\w-]*|esm|cjs|es)(?=/|$)|generated|\.gen$")]
    private static partial Regex MadeFolder();

    [GeneratedRegex(@"(?:^|/)(?:[tj]sconfig[\w.-]*\.json|(?:vite|vitest|webpack|rollup|jest|babel|next|nuxt|astro|metro)[\w.-]*\.(?:[cm]?[jt]s|json)|\.babelrc[\w.]*|deno\.jsonc?|import_map\.json)$")]
    private static partial Regex Configuration();

    [GeneratedRegex(@"""(@?[\w./-]+)""\s*:")]
    private static partial Regex Quoted();
}
