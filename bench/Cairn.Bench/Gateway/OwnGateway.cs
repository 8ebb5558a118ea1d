using System.Globalization;
using Cairn.Bench.Workload;

namespace Cairn.Bench.Gateway;

/// <summary>A daemon with nothing but its gateway to do, as `cairn serve --listen` runs it: keys checked, budgets counted, both bodies recorded.</summary>
internal static class OwnGateway
{
    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "dir", "backend");
        var (directory, backend) = (options.Text("dir", ""), options.Number("backend", 0));
        var environment = new Dictionary<string, string>
        {
            ["OPENAI_API_KEY"] = "none",
            ["OPENAI_BASE_URL"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{backend}/v1"),
            ["CAIRN_BASE_URL"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{backend}/v1"),
        };
        var daemonOptions = new DaemonOptions(new HostOptions(directory, new NoHuman(), environment.GetValueOrDefault))
        {
            Listen = "127.0.0.1:0", Limits = new() { Connections = 4096 },
        };
        await using var daemon = await CairnDaemon.StartAsync(daemonOptions, cancellationToken);
        var key = new KeyFile(directory, TimeProvider.System).Create(k => k with { BudgetTokens = long.MaxValue / 4 });
        await output.WriteLineAsync($"{daemon.Address!.Port} {key.Secret}");
        await output.FlushAsync(cancellationToken);
        while (await Console.In.ReadLineAsync(cancellationToken) is not null)
        {
            // Whoever started this process keeps its input open.
        }

        return 0;
    }

    private sealed class NoHuman : IHuman
    {
        public Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken) => Task.FromResult<string?>(null);
    }
}
