using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>How a call of the command line ended.</summary>
internal sealed record CairnResult(int ExitCode, string Output, string Error, TimeSpan Wall)
{
    public string All => Output + Error;

    /// <summary>The result itself when the exit code is this one; else the test fails and shows what was printed.</summary>
    public CairnResult Exits(int code)
    {
        Assert.True(ExitCode == code, $"Exit code {ExitCode}, not {code}:\n{All}");
        Assert.DoesNotContain("   at ", All, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", All, StringComparison.Ordinal);
        return this;
    }

    /// <summary>The text stands in what was printed.</summary>
    public CairnResult Says(params string[] texts)
    {
        foreach (var text in texts)
        {
            Assert.True(All.Contains(text, StringComparison.OrdinalIgnoreCase), $"'{text}' is not in:\n{All}");
        }

        return this;
    }
}

/// <summary>The built `cairn` as a process of its own, whose output can be watched and which can be killed at any moment.</summary>
internal sealed class CairnChild : IDisposable
{
    private const int MaxChars = 8 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Nothing of the machine's own set-up may decide what a test sees.</summary>
    private static readonly string[] Cleared =
    [
        "OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OLLAMA_HOST", "LLAMACPP_BASE_URL", "VLLM_BASE_URL",
        "CAIRN_BASE_URL", "CAIRN_API_KEY", "CAIRN_STATE", "XDG_STATE_HOME",
    ];

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Stopwatch _wall = Stopwatch.StartNew();
    private readonly Action<CairnChild, string, int>? _onLine;
    private readonly Task _reading;
    private readonly Task<string> _error;

    private CairnChild(Process process, Action<CairnChild, string, int>? onLine)
    {
        _process = process;
        _onLine = onLine;
        _reading = ReadAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>The executable that the command line's own project built.</summary>
    public static string Executable { get; } = Find();

    public int Id => _process.Id;

    /// <summary>Starts it without a terminal.</summary>
    /// <param name="directory">Its working directory.</param>
    /// <param name="environment">Variables beside the machine's, of which those of models are cleared.</param>
    /// <param name="prefix">A program that runs it, with its arguments; empty for none.</param>
    /// <param name="onLine">Told of each line of output while it comes, with its number from 1.</param>
    /// <param name="arguments">What `cairn` is called with.</param>
    public static CairnChild Start(
        string directory, IReadOnlyDictionary<string, string> environment, string[] prefix, Action<CairnChild, string, int>? onLine, string[] arguments)
    {
        string[] command = [.. prefix, Executable, .. arguments];
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in Cleared)
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new CairnChild(process, onLine);
    }

    /// <summary>kill -9, of this process only; nothing when it has ended.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: false);
        }
        catch (InvalidOperationException)
        {
            // It had ended already.
        }
    }

    /// <summary>Ctrl-C.</summary>
    public void PressCtrlC()
    {
        using var kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public async Task<CairnResult> EndAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_reading, _error, _process.WaitForExitAsync(cancellationToken)).WaitAsync(Patience, cancellationToken);
        }
        catch (TimeoutException e)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"cairn did not end:\n{_output}", e);
        }

        return new(_process.ExitCode, _output.ToString(), await _error, _wall.Elapsed);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        for (var number = 1; await _process.StandardOutput.ReadLineAsync() is { } line; number++)
        {
            if (_output.Length < MaxChars)
            {
                _output.Append(line).Append('\n');
            }

            _onLine?.Invoke(this, line, number);
        }
    }

    private static string Find()
    {
        var build = Path.GetRelativePath(Path.Combine(AppContext.BaseDirectory, "..", ".."), AppContext.BaseDirectory);
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var path = Path.Combine(at.FullName, "src", "Cairn.Cli", "bin", build, "cairn");
            if (File.Exists(path))
            {
                return path;
            }
        }

        throw new FileNotFoundException("The command line is not built beside the tests.");
    }
}
