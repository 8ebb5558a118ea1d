using System.Text;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Persistent shells in real sandboxes.</summary>
public sealed class ShellTests : IDisposable
{
    private readonly SandboxFixture _fixture = new();
    private readonly RunId _run = RunId.Parse("r1");
    private int _calls;

    public void Dispose()
    {
        _fixture.Store.EndShells(_run);
        _fixture.Dispose();
    }

    [Fact]
    public async Task A_shell_keeps_directory_variables_functions_and_options_between_calls()
    {
        await using var workspace = _fixture.Open();
        await Type(workspace, "cd src/deep\n");
        await Type(workspace, "export COLOUR='deep blue'\ngreet() { echo \"hello $1\"; }\nset -o noclobber\n");
        var answer = await Type(workspace, "pwd; echo $COLOUR; greet you; set -o | grep noclobber\n");
        Assert.Contains($"{_fixture.Repository}/src/deep", answer.Output, StringComparison.Ordinal);
        Assert.Contains("deep blue", answer.Output, StringComparison.Ordinal);
        Assert.Contains("hello you", answer.Output, StringComparison.Ordinal);
        Assert.Matches("noclobber\\s+on", answer.Output);
        Assert.Equal(0, answer.ExitCode);
        Assert.Equal($"{_fixture.Repository}/src/deep", answer.Directory);
        Assert.Equal(7, (await Type(workspace, "(exit 7)\n")).ExitCode);
    }

    private Task<ShellAnswer> Type(IWorkspace workspace, string text, string shell = "main", int seconds = 20) =>
        workspace.Shells!.SendAsync(
            new(CallId.Parse($"{++_calls}.1.{_calls}"), shell, Encoding.UTF8.GetBytes(text), TimeSpan.FromSeconds(seconds), 64 * 1024),
            TestContext.Current.CancellationToken);
}
