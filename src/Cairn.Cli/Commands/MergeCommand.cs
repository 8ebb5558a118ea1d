using System.CommandLine;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn merge: merges what a run changed into its repository, shows what clashes, and takes decisions about it.</summary>
internal static class MergeCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var show = new Option<string?>("--show") { Description = "Show the sides of one conflict of the last try; nothing is merged", HelpName = "PATH" };
        var list = new Option<bool>("--list") { Description = "List the conflicts of the last try; nothing is merged" };
        var resolve = new Option<string[]>("--resolve")
        {
            Description = "Decide about a conflict: repo (the repository's version), run (the run's), base (what both started from), union (the lines of both) or file:FILE. "
                + "May be given several times. When no conflict is left, everything is merged",
            HelpName = "PATH=CHOICE",
        };
        var command = new Command("merge", "Merge what a run changed into its repository: all of it, or nothing when there are conflicts.") { id, show, list, resolve };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var answers = (parse.GetValue(resolve) ?? []).Select(Answer).ToArray();
            var path = parse.GetValue(show);
            var looks = path is not null || parse.GetValue(list);
            if (looks && answers.Length > 0)
            {
                throw new CairnException("--show and --list only look: they do not go together with --resolve.");
            }

            await using var cairn = looks ? call.OpenReadOnly() : call.Open();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            if (looks)
            {
                return Show(call, await cairn.ConflictsAsync(run.Id, path, token), path);
            }

            var result = await cairn.MergeAsync(run.Id, new MergeRequest { Resolve = [.. answers], By = Environment.UserName }, token);
            if (call.IsJson)
            {
                Output.Json(result, CliJson.Default.MergeView);
            }
            else
            {
                Output.Line(Safe.Text($"{result.Message}"));
                if (result.Status == MergeStatus.Conflicts)
                {
                    Output.Write($"Look:    cairn merge {run.Id} --show PATH");
                    Output.Write($"Decide:  cairn merge {run.Id} --resolve PATH=repo|run|base|union|file:FILE");
                }
            }

            return result.Status is MergeStatus.Merged or MergeStatus.Nothing ? ExitCode.Ok : ExitCode.No;
        });
        return command;
    }

    /// <summary>PATH=CHOICE; the last '=' parts them, but for a file, whose name may have one.</summary>
    private static ConflictAnswer Answer(string text)
    {
        const string File = "=file:";
        var at = text.IndexOf(File, StringComparison.Ordinal);
        if (at > 0)
        {
            return new(text[..at], ConflictChoice.Given, Content(text[(at + File.Length)..]));
        }

        at = text.LastIndexOf('=');
        ConflictChoice? choice = at < 1 ? null : text[(at + 1)..] switch
        {
            "repo" => ConflictChoice.Repository,
            "run" => ConflictChoice.Run,
            "base" => ConflictChoice.Base,
            "union" => ConflictChoice.Union,
            _ => null,
        };
        return choice is { } known ? new(text[..at], known)
            : throw new CairnException($"--resolve takes PATH=CHOICE with a choice of repo, run, base, union or file:FILE, not '{text}'.");
    }

    private static byte[] Content(string file)
    {
        var info = new FileInfo(file);
        return !info.Exists ? throw new CairnException($"There is no file '{file}' to resolve a conflict with.")
            : info.Length > MergeRequest.MaxContentBytes
                ? throw new CairnException($"'{file}' has {info.Length.ToString(CultureInfo.InvariantCulture)} bytes; a content may have {MergeRequest.MaxContentBytes.ToString(CultureInfo.InvariantCulture)} at most.")
                : File.ReadAllBytes(file);
    }

    private static int Show(Invocation call, IReadOnlyList<ConflictView> conflicts, string? path)
    {
        if (call.IsJson)
        {
            if (path is null)
            {
                Output.Json(conflicts, CliJson.Default.IReadOnlyListConflictView);
            }
            else
            {
                Output.Json(conflicts[0], CliJson.Default.ConflictView);
            }

            return ExitCode.Ok;
        }

        if (conflicts.Count == 0)
        {
            Output.Line("The last merge that was tried had no conflicts.");
        }

        foreach (var view in conflicts)
        {
            var decided = view.Decided is { } choice ? $" [{view.By}: {Word(choice)}]" : "";
            Output.Line(Safe.Text($"{view.Conflict.Path}: {view.Conflict.Reason}{decided}"));
        }

        if (path is not null)
        {
            Side("base", conflicts[0].Conflict.Origin);
            Side("repository", conflicts[0].Conflict.Repository);
            Side("run", conflicts[0].Conflict.Run);
            if (conflicts[0].Text is { } text)
            {
                Output.Line("");
                Output.Line(Safe.Text(text.Marked));
            }
        }

        return ExitCode.Ok;
    }

    private static void Side(string name, ConflictSide? side) => Output.Line(side is null
        ? $"  {name,-10} nothing"
        : $"  {name,-10} {side.Kind.ToString().ToLowerInvariant()} {Convert.ToString(side.Mode, 8).PadLeft(4, '0')}{(side.Content.IsNone ? "" : $" {side.Content}")}");

    private static string Word(ConflictChoice choice) => choice switch
    {
        ConflictChoice.Repository => "repo",
        ConflictChoice.Given => "file",
        _ => choice.ToString().ToLowerInvariant(),
    };
}
