using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>Findings of a server as people see them.</summary>
internal static class CodeProblems
{
    /// <summary>The findings in a document, by line.</summary>
    public static ImmutableArray<CodeProblem> Of(Shown document, ImmutableArray<LspDiagnostic> found) =>
    [
        .. found.Select(d => (d, At: document.Places.Offset(d.Range.Start)))
            .Select(f => new CodeProblem(document.Path, document.Places.Line(f.At), document.Places.Column(f.At), LspDiagnostic.NameOf(f.d.Severity), f.d.Code, f.d.Message))
            .Distinct().OrderBy(p => p.Line).ThenBy(p => p.Column).ThenBy(p => p.Message, StringComparer.Ordinal),
    ];

    /// <summary>The findings in a document as it was shown, when the server has them.</summary>
    public static async Task<ProblemsData> FindAsync(LspSession session, Shown document, CancellationToken cancellationToken) =>
        new(Of(document, await session.Diagnostics.WaitAsync(document.Path, document.Version, document.Sequence, cancellationToken)), true);

    /// <summary>Errors first, one line each.</summary>
    public static string Text(IEnumerable<CodeProblem> problems, int most) => string.Join('\n', problems
        .OrderBy(p => Rank(p.Severity)).ThenBy(p => p.Path, StringComparer.Ordinal).ThenBy(p => p.Line).Take(most)
        .Select(p => string.Create(CultureInfo.InvariantCulture, $"{WorkspacePath.Shown(p.Path)}:{p.Line}:{p.Column}: {p.Severity}: {p.Message}{(p.Code.Length == 0 ? "" : $" [{p.Code}]")}")));

    /// <summary>It should be told after an edit: an error or a warning.</summary>
    public static bool Matters(CodeProblem problem) => Rank(problem.Severity) < 2;

    /// <summary>What is there after and was not before. Lines move with every edit, so they do not count.</summary>
    public static ImmutableArray<CodeProblem> New(IEnumerable<CodeProblem> before, IEnumerable<CodeProblem> after)
    {
        var known = before.GroupBy(Key).ToDictionary(g => g.Key, g => g.Count());
        var fresh = ImmutableArray.CreateBuilder<CodeProblem>();
        foreach (var problem in after)
        {
            if (known.GetValueOrDefault(Key(problem)) is var left and > 0)
            {
                known[Key(problem)] = left - 1;
            }
            else
            {
                fresh.Add(problem);
            }
        }

        return fresh.ToImmutable();
    }

    private static (string, string, string, string) Key(CodeProblem problem) => (problem.Path, problem.Severity, problem.Code, problem.Message);

    private static int Rank(string severity) => severity switch { "error" => 0, "warning" => 1, "information" => 2, _ => 3 };
}
