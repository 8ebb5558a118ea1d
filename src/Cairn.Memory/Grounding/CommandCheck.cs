using System.Text.RegularExpressions;
using Cairn.Abstractions;

namespace Cairn.Memory.Grounding;

/// <summary>
/// Checks what a command line names: files that its programs read, tests and scripts that they run, tables that they ask.
/// It stops at the first program that may make what a later one reads.
/// </summary>
internal sealed partial class CommandCheck(IGroundView view, PathTree tree)
{
    private static readonly HashSet<string> Readers = ["cat", "head", "tail", "less", "more", "wc", "nl", "tac", "stat", "file", "od", "xxd", "md5sum", "sha256sum", "source", ".", "bat"];

    private static readonly HashSet<string> Harmless = ["echo", "printf", "pwd", "ls", "true", "grep", "rg", "find", "which", "date", "env", "test", "[", "export", "set", "sort", "uniq", "cut", "awk", "tr", "jq", "diff", "cmp", "sed"];

    private static readonly HashSet<string> Runners = ["python", "python3", "node", "bash", "sh", "ruby", "perl", "php", "tsx", "ts-node", "deno"];

    private static readonly string[] MakeFiles = ["GNUmakefile", "makefile", "Makefile"];

    private static readonly HashSet<string> Databases = ["psql", "sqlite3", "mysql", "mariadb", "duckdb"];

    public void Check(string line, string directory, FindingSink sink)
    {
        // What is put together while it runs cannot be known before.
        if (line.Length > 8_000 || line.Contains("$(", StringComparison.Ordinal) || line.Contains('`', StringComparison.Ordinal) || line.Contains("<<", StringComparison.Ordinal))
        {
            return;
        }

        var folder = Clean(directory);
        foreach (var words in ShellLine.Split(line))
        {
            if (words.Count == 0)
            {
                continue;
            }

            if (words[0] == "cd")
            {
                if (words.Count != 2 || Relative(folder, words[1]) is not { } next)
                {
                    return;
                }

                if (!view.Exists(next) && next.Length > 0)
                {
                    Missing(next, words[1], sink);
                    return;
                }

                folder = next;
            }
            else if (!One(words, folder, sink) || ShellLine.Writes(words))
            {
                return;
            }
        }
    }

    /// <summary>Checks one program with its arguments.</summary>
    /// <returns>False when it may change files that a later one names.</returns>
    private bool One(IReadOnlyList<string> words, string folder, FindingSink sink)
    {
        var program = words[0][(words[0].LastIndexOf('/') + 1)..];
        var arguments = words.Skip(1).Where(word => !ShellLine.IsRedirection(word)).ToList();
        switch (program)
        {
            case "npx" or "pnpx" or "bunx" or "time" or "sudo" or "poetry" or "uv" or "pipenv" when arguments.Count > 0 && arguments[0] is "run" or "exec":
                return One([.. arguments.Skip(1)], folder, sink);
            case "npx" or "time" or "sudo" when arguments.Count > 0 && !arguments[0].StartsWith('-'):
                return One(arguments, folder, sink);
            case "pytest" or "py.test":
                Tests(arguments, folder, sink);
                return true;
            case "python" or "python3" when arguments.Count > 1 && arguments[0] == "-m":
                Module(arguments, folder, sink);
                return arguments[1] is "pytest" or "unittest";
            case "pip" or "pip3" or "uv":
                Requirements(arguments, folder, sink);
                return false;
            case "npm" or "yarn" or "pnpm" or "bun":
                Script(arguments, folder, sink);
                return false;
            case "jest" or "vitest" or "mocha" or "ava":
                Files(arguments.Where(word => word.Contains('/', StringComparison.Ordinal)), folder, sink);
                return true;
            case "make" or "gmake":
                Targets(arguments, folder, sink);
                return false;
        }

        if (Databases.Contains(program))
        {
            Query(program, arguments, sink);
            return true;
        }

        if (Readers.Contains(program))
        {
            Files(arguments.Where(word => !word.StartsWith('-') && !IsNumber().IsMatch(word)), folder, sink);
            return true;
        }

        if (Runners.Contains(program))
        {
            Files(arguments.TakeWhile(word => word is not ("-c" or "-e" or "-p" or "-")).Where(word => !word.StartsWith('-')).Take(1), folder, sink);
            return false;
        }

        return Harmless.Contains(program) && !words.Contains("-i") && !words.Contains("-delete") && !words.Contains("-exec");
    }

    private void Files(IEnumerable<string> named, string folder, FindingSink sink)
    {
        foreach (var word in named.Where(word => Plain().IsMatch(word) && LooksLikePath(word)))
        {
            if (Relative(folder, word) is { Length: > 0 } path && !view.Exists(path))
            {
                Missing(path, word, sink);
            }
        }
    }

    private void Missing(string path, string word, FindingSink sink) =>
        sink.Add("path", word, 1, $"There is no {path}.", sink.Files(Nearest.Paths(path, tree.Files)), certain: true);

    private void Tests(IReadOnlyList<string> arguments, string folder, FindingSink sink)
    {
        var values = new HashSet<string> { "-k", "-m", "-p", "-n", "-o", "-c", "--rootdir", "--maxfail", "--durations", "--tb", "--cov", "--ignore", "--deselect", "-W", "--timeout", "--confcutdir", "--junitxml", "--cov-report", "--log-level" };
        for (var i = 0; i < arguments.Count; i++)
        {
            if (values.Contains(arguments[i]))
            {
                i++;
                continue;
            }

            var parts = arguments[i].Split("::");
            if (arguments[i].StartsWith('-') || !Plain().IsMatch(parts[0]) || Relative(folder, parts[0]) is not { Length: > 0 } path)
            {
                continue;
            }

            if (!view.Exists(path))
            {
                Missing(path, parts[0], sink);
            }
            else if (parts.Length > 1 && ParsedFiles.Shared.Get(view, path, "python", PythonSource.Read) is { IsDynamic: false } source)
            {
                foreach (var name in parts[1..].Select(part => part.Split('[')[0]).Where(name => !source.Bound.Contains(name)).Take(1))
                {
                    var near = Nearest.Names(name, source.Bound.Where(each => each.StartsWith("test", StringComparison.OrdinalIgnoreCase) || char.IsUpper(each[0])));
                    sink.Add("test", arguments[i], 1, $"{path} has no {name}.", near.Select(each => sink.Place(each, path, 0)), certain: !Inherits().IsMatch(source.Scan.Code));
                }
            }
        }
    }

    private void Module(IReadOnlyList<string> arguments, string folder, FindingSink sink)
    {
        if (arguments[1] is "pytest")
        {
            Tests([.. arguments.Skip(2)], folder, sink);
        }
        else if (arguments[1] is "pip")
        {
            Requirements([.. arguments.Skip(2)], folder, sink);
        }
        else if (arguments[1].Contains('.', StringComparison.Ordinal) && Relative(folder, arguments[1].Replace('.', '/')) is { } path
            && tree.HasFolder(path.Split('/')[0]) && tree.Module(path.Split('/')[0]) is not null && tree.Module(path) is null && !tree.HasFolder(path))
        {
            sink.Add("module", arguments[1], 1, $"There is no module {arguments[1]}.", sink.Files(Nearest.Paths(path + ".py", tree.PythonFiles)), certain: true);
        }
    }

    private void Requirements(IReadOnlyList<string> arguments, string folder, FindingSink sink)
    {
        for (var i = 0; i + 1 < arguments.Count; i++)
        {
            if (arguments[i] is "-r" or "--requirement" or "-c" or "--constraint")
            {
                Files([arguments[i + 1]], folder, sink);
            }
        }
    }

    private void Script(IReadOnlyList<string> arguments, string folder, FindingSink sink)
    {
        var manifest = folder.Length == 0 ? "package.json" : folder + "/package.json";
        if (arguments.Count == 0 || arguments.Any(word => word.StartsWith("-w", StringComparison.Ordinal) || word.StartsWith("--workspace", StringComparison.Ordinal) || word.StartsWith("--prefix", StringComparison.Ordinal) || word is "-C" or "--filter" or "-r" or "--cwd" or "workspace"))
        {
            return;
        }

        var name = arguments[0] is "run" or "run-script" ? arguments.Skip(1).FirstOrDefault(word => !word.StartsWith('-')) : arguments[0] is "test" or "start" ? arguments[0] : null;
        if (name is null || view.Text(manifest) is not { } text || arguments.Contains("--if-present"))
        {
            return;
        }

        var scripts = Scripts(text);
        if (scripts is not null && !scripts.Contains(name) && !(name == "start" && view.Exists(folder.Length == 0 ? "server.js" : folder + "/server.js")))
        {
            var near = Nearest.Names(name, scripts, 0.3);
            sink.Add("script", name, 1, $"{manifest} has no script {name}.", (near.Count > 0 ? near : scripts.Take(3)).Select(each => sink.Place(each, manifest, 0)), certain: true);
        }
    }

    private static List<string>? Scripts(string manifest)
    {
        try
        {
            using var json = System.Text.Json.JsonDocument.Parse(manifest);
            return json.RootElement.TryGetProperty("scripts", out var scripts) && scripts.ValueKind == System.Text.Json.JsonValueKind.Object ? [.. scripts.EnumerateObject().Select(each => each.Name)] : [];
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private void Targets(IReadOnlyList<string> arguments, string folder, FindingSink sink)
    {
        var path = MakeFiles.Select(name => folder.Length == 0 ? name : $"{folder}/{name}").FirstOrDefault(file => view.Text(file) is not null);
        if (path is null || arguments.Any(word => word.StartsWith("-C", StringComparison.Ordinal) || word.StartsWith("-f", StringComparison.Ordinal) || word.StartsWith("--", StringComparison.Ordinal)))
        {
            return;
        }

        var text = view.Text(path)!;
        var targets = Target().Matches(text).SelectMany(match => match.Groups[1].Value.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).ToHashSet(StringComparer.Ordinal);
        if (Open().IsMatch(text) || targets.Any(target => target.Contains('%', StringComparison.Ordinal) || target.Contains('$', StringComparison.Ordinal)))
        {
            return;
        }

        foreach (var name in arguments.Where(word => Word().IsMatch(word) && !targets.Contains(word) && !view.Exists(folder.Length == 0 ? word : $"{folder}/{word}")))
        {
            sink.Add("script", name, 1, $"{path} has no target {name}.", Nearest.Names(name, targets.Where(target => target[0] != '.'), 0.3).Select(each => sink.Place(each, path, 0)), certain: true);
        }
    }

    private void Query(string program, List<string> arguments, FindingSink sink)
    {
        var flag = program is "psql" ? "-c" : "-e";
        var sql = program is "sqlite3" or "duckdb" ? arguments.LastOrDefault(word => word.Contains(' ', StringComparison.Ordinal)) : arguments.SkipWhile(word => word != flag).Skip(1).FirstOrDefault();
        if (sql is not null)
        {
            new SqlCheck(view).Query("", sql, 1, isCertain: false, sink);
        }
    }

    private static bool LooksLikePath(string word) => word.Contains('/', StringComparison.Ordinal) || Ending().IsMatch(word);

    private static string Clean(string directory) => directory is "." or "" ? "" : directory.TrimEnd('/');

    /// <summary>A path relative to the repository; null when it leads out of it.</summary>
    private static string? Relative(string folder, string word) =>
        word.StartsWith('/') || word.StartsWith('~') ? null : RepositoryPath.Combine(folder, word);

    [GeneratedRegex(@"^[\w./@+,-]+$")]
    private static partial Regex Plain();

    [GeneratedRegex(@"^\w[\w.-]*$")]
    private static partial Regex Word();

    [GeneratedRegex(@"^-?\d+$")]
    private static partial Regex IsNumber();

    [GeneratedRegex(@"\.[A-Za-z]{1,5}$")]
    private static partial Regex Ending();

    [GeneratedRegex(@"\bclass\s+\w+\([^)]*\w")]
    private static partial Regex Inherits();

    [GeneratedRegex(@"^([^\s:#=][^:#=\n]*?)\s*::?(?!=)", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(@"^\s*-?include\b|\$\(eval|^\.DEFAULT", RegexOptions.Multiline)]
    private static partial Regex Open();
}
