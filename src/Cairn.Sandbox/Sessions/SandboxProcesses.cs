using System.Globalization;

namespace Cairn.Sandbox.Sessions;

/// <summary>One process of a sandbox.</summary>
/// <param name="Id">Its id outside.</param>
/// <param name="Inside">Its id inside.</param>
/// <param name="Line">Its command line, cut.</param>
/// <param name="State">R, S, D, T, Z, …</param>
internal readonly record struct SandboxProcess(int Id, int Inside, string Line, char State);

/// <summary>Looks at the processes of a sandbox from outside.</summary>
internal static class SandboxProcesses
{
    private const int MaxProcesses = 4096;
    private const int MaxLine = 120;

    /// <summary>Where in the kernel a program sleeps that reads a terminal, or asks whether it could.</summary>
    private static readonly string[] ReadingPlaces = ["n_tty_read", "wait_woken", "do_select", "do_poll", "do_sys_poll", "poll_schedule_timeout", "core_sys_select", "do_epoll_wait", "ep_poll"];

    /// <summary>Everything below the sandbox's first process, that of the server left out. Gone ones are left out.</summary>
    public static IReadOnlyList<SandboxProcess> Of(int server)
    {
        var found = new List<SandboxProcess>();
        var open = new Queue<int>(Children(Parent(server)));
        while (open.TryDequeue(out var id) && found.Count < MaxProcesses)
        {
            foreach (var child in Children(id))
            {
                open.Enqueue(child);
            }

            if (id != server && Describe(id) is { } process)
            {
                found.Add(process);
            }
        }

        return found;
    }

    /// <summary>
    /// Everything in the foreground of a shell's terminal sleeps until it can read: a program asks for input. Only a guess,
    /// for a program may wait for something else in the same way.
    /// </summary>
    public static bool AsksForInput(int shell, IReadOnlyList<SandboxProcess> all)
    {
        const int Group = 2, Foreground = 5;
        var foreground = Stat(shell, Foreground);
        var members = all.Where(p => p.Id != shell && Stat(p.Id, Group) == foreground).ToList();
        return members.Count > 0 && members.All(p => p.State == 'S') && members.Exists(p => WaitsToRead(p.Id));
    }

    private static bool WaitsToRead(int id) =>
        Text($"/proc/{Name(id)}/wchan") is { } place && ReadingPlaces.Any(p => place.StartsWith(p, StringComparison.Ordinal));

    // The fields behind the name, which may itself hold anything: state, parent, group, session, terminal, foreground group.
    private static int Stat(int id, int field)
    {
        var text = Text($"/proc/{Name(id)}/stat");
        return text is null ? -2 : int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[field], CultureInfo.InvariantCulture);
    }

    private static int Parent(int id) => (int)Status(id, "PPid:");

    private static SandboxProcess? Describe(int id)
    {
        var state = (Text($"/proc/{Name(id)}/status") ?? "").Split('\n').FirstOrDefault(l => l.StartsWith("State:", StringComparison.Ordinal));
        if (state is null || state.Contains('Z', StringComparison.Ordinal))
        {
            return null;
        }

        var line = (Text($"/proc/{Name(id)}/cmdline") ?? "").Replace('\0', ' ').Trim();
        line = line.Length > 0 ? line : (Text($"/proc/{Name(id)}/comm") ?? "").Trim();
        if (line.Length == 0)
        {
            // Over meanwhile; or it took all its names off, and is told of all the same.
            if ((Text($"/proc/{Name(id)}/status") ?? "State:\tZ").Contains("State:\tZ", StringComparison.Ordinal))
            {
                return null;
            }

            line = "(without a name)";
        }

        return new(id, (int)Status(id, "NSpid:"), line.Length > MaxLine ? line[..MaxLine] + "…" : line, state["State:".Length..].Trim()[0]);
    }

    private static long Status(int id, string key)
    {
        var line = (Text($"/proc/{Name(id)}/status") ?? "").Split('\n').FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal));
        return line is null ? -1 : long.Parse(line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[^1], CultureInfo.InvariantCulture);
    }

    private static IEnumerable<int> Children(int id)
    {
        try
        {
            // A process belongs to the thread that made it.
            return [.. Directory.GetDirectories($"/proc/{Name(id)}/task").SelectMany(task => (Text(task + "/children") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(c => int.Parse(c, CultureInfo.InvariantCulture))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Name(int id) => id.ToString(CultureInfo.InvariantCulture);

    private static string? Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
