using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Cairn.Abstractions;

namespace Cairn.Evals.Judges;

/// <summary>
/// Guesses how a repository runs its tests from the files at its root. Nothing is executed, and what is read is data:
/// no text of the repository becomes part of a command but names of files that hold no odd characters.
/// </summary>
public static partial class TestCommandFinder
{
    private const int MaxFileBytes = 256 * 1024;
    private const int MaxScannedTests = 50;

    private static readonly Func<IWorkspace, TestCommand?>[] Finders = [DotNet, Cargo, Go, Node, Python, CMake, Make];

    private static readonly string[] DotNetFiles = [".slnx", ".sln", ".csproj"];

    private static readonly string[] Makefiles = ["GNUmakefile", "makefile", "Makefile"];

    private static readonly string[] PythonTestDirectories = ["tests", "test", ""];

    // A file, and what must stand in it.
    private static readonly (string File, string Mark)[] PytestMarks =
    [
        ("pytest.ini", ""), ("conftest.py", ""), ("tests/conftest.py", ""), ("test/conftest.py", ""),
        ("pyproject.toml", "[tool.pytest"), ("setup.cfg", "[tool:pytest]"), ("tox.ini", "[pytest]"),
    ];

    /// <summary>The command, with the reason for it; null when nothing is found.</summary>
    public static TestCommand? Find(IWorkspace workspace)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        return Finders.Select(f => f(workspace)).FirstOrDefault(c => c is not null);
    }

    private static TestCommand? DotNet(IWorkspace workspace)
    {
        foreach (var extension in DotNetFiles)
        {
            var found = Files(workspace, "").Where(f => f.EndsWith(extension, StringComparison.OrdinalIgnoreCase) && PlainName().IsMatch(f)).ToList();
            if (found.Count > 0)
            {
                return new TestCommand($"dotnet test {found[0]}", $"{found[0]} is a .NET {(extension == ".csproj" ? "project" : "solution")}");
            }
        }

        return null;
    }

    private static TestCommand? Cargo(IWorkspace workspace) =>
        Text(workspace, "Cargo.toml") is null ? null : new TestCommand("cargo test", "Cargo.toml is a Rust package");

    private static TestCommand? Go(IWorkspace workspace) =>
        Text(workspace, "go.mod") is null ? null : new TestCommand("go test ./...", "go.mod is a Go module");

    private static TestCommand? Node(IWorkspace workspace)
    {
        if (Text(workspace, "package.json") is not { } json || Script(json) is not { Length: > 0 } script
            || script.Contains("no test specified", StringComparison.Ordinal))
        {
            return null;
        }

        var manager = Text(workspace, "pnpm-lock.yaml") is not null ? "pnpm" : Text(workspace, "yarn.lock") is not null ? "yarn" : "npm";
        return new TestCommand($"{manager} test", $"package.json has a test script: {SafeText.Line(script, 80)}");
    }

    private static string? Script(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("scripts", out var scripts) && scripts.ValueKind == JsonValueKind.Object
                && scripts.TryGetProperty("test", out var test) && test.ValueKind == JsonValueKind.String
                ? test.GetString()
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static TestCommand? Python(IWorkspace workspace)
    {
        var path = workspace.Stat("src") is { Kind: EntryKind.Directory } ? "PYTHONPATH=src " : "";
        var directory = PythonTestDirectories.FirstOrDefault(d => Files(workspace, d).Any(f => PythonTest().IsMatch(f)));
        if (PytestReason(workspace, directory) is { } reason)
        {
            return new TestCommand($"{path}python3 -m pytest -q", reason);
        }

        return directory switch
        {
            null => null,
            "" => new TestCommand($"{path}python3 -m unittest -v", "there are test*.py files at the root, and no sign of pytest"),
            _ => new TestCommand(
                $"{path}python3 -m unittest discover -v -s {directory}{(Text(workspace, $"{directory}/__init__.py") is null ? "" : " -t .")}",
                $"{directory}/ holds test*.py files, and there is no sign of pytest"),
        };
    }

    private static string? PytestReason(IWorkspace workspace, string? directory)
    {
        foreach (var (file, mark) in PytestMarks)
        {
            if (Text(workspace, file)?.Contains(mark, StringComparison.Ordinal) == true)
            {
                return mark.Length == 0 ? $"{file} is pytest's" : $"{file} configures pytest";
            }
        }

        var prefix = string.IsNullOrEmpty(directory) ? "" : directory + "/";
        var test = directory is null
            ? null
            : Files(workspace, directory).Where(f => PythonTest().IsMatch(f)).Take(MaxScannedTests)
                .FirstOrDefault(f => Text(workspace, prefix + f) is { } text && PytestImport().IsMatch(text));
        return test is null ? null : $"{prefix}{SafeText.Line(test, 80)} imports pytest";
    }

    private static TestCommand? CMake(IWorkspace workspace) =>
        Text(workspace, "CMakeLists.txt") is { } text && CMakeTests().IsMatch(text)
            ? new TestCommand("cmake -S . -B build && cmake --build build && ctest --test-dir build --output-on-failure", "CMakeLists.txt adds tests")
            : null;

    private static TestCommand? Make(IWorkspace workspace)
    {
        foreach (var file in Makefiles)
        {
            if (Text(workspace, file) is { } text && MakeTarget().Match(text) is { Success: true } match)
            {
                return new TestCommand($"make {match.Groups[1].Value}", $"{file} has the target {match.Groups[1].Value}");
            }
        }

        return null;
    }

    private static string? Text(IWorkspace workspace, string path)
    {
        try
        {
            return workspace.Stat(path) is { Kind: EntryKind.File } ? Encoding.UTF8.GetString(workspace.Read(path, MaxFileBytes).Content.Span) : null;
        }
        catch (WorkspaceException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Files(IWorkspace workspace, string directory)
    {
        try
        {
            return directory.Length > 0 && workspace.Stat(directory) is not { Kind: EntryKind.Directory }
                ? []
                : workspace.List(directory).Where(e => e.Kind == EntryKind.File).Select(e => e.Path[(e.Path.LastIndexOf('/') + 1)..]);
        }
        catch (WorkspaceException)
        {
            return [];
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    private static partial Regex PlainName();

    [GeneratedRegex(@"^(?:test.*|.*_test)\.py$")]
    private static partial Regex PythonTest();

    [GeneratedRegex(@"^\s*(?:import pytest|from pytest )", RegexOptions.Multiline)]
    private static partial Regex PytestImport();

    [GeneratedRegex(@"^\s*(?:enable_testing|add_test|include\s*\(\s*CTest)\b", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex CMakeTests();

    [GeneratedRegex(@"^(test|check)\s*::?(?!=)", RegexOptions.Multiline)]
    private static partial Regex MakeTarget();
}
