using System.Text;
using Cairn.Sandbox.Sessions;
using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Sandbox;

public sealed class ShellStateTests
{
    [Fact]
    public void Values_with_line_breaks_quotes_and_what_looks_like_a_declaration_stay_whole()
    {
        const string Text = "declare -x A=\"one\ndeclare -x FAKE=\\\"x\\\"\nend\"\ndeclare -a L=([0]=\"a b\" [1]=$'t\\'q\\nz')\ndeclare -- E\ndeclare -i N=\"3\"\n";
        Assert.Equal(
            ["declare -x A=\"one\ndeclare -x FAKE=\\\"x\\\"\nend\"", "declare -a L=([0]=\"a b\" [1]=$'t\\'q\\nz')", "declare -- E", "declare -i N=\"3\""],
            ShellState.Declarations(Text));
    }

    [Theory]
    [InlineData("declare -x A=\"b c\"", "A")]
    [InlineData("declare -- E", "E")]
    [InlineData("declare -A M=([k]=\"v\" )", "M")]
    [InlineData("declare -x", "")]
    public void The_name_of_a_declaration_is_found(string declaration, string name) => Assert.Equal(name, ShellState.Name(declaration));

    [Fact]
    public void What_belongs_to_the_process_is_not_restored_and_everything_else_is()
    {
        var state = ShellState.Parse(Report("declare -ir PPID=\"7\"\ndeclare -x MINE=\"1\"\ndeclare -- __cairn_number=\"3\"\ndeclare -- BASHPID\n"))!;
        Assert.Contains("declare -x MINE=\"1\"\n", state.Script, StringComparison.Ordinal);
        Assert.DoesNotContain("PPID", state.Script, StringComparison.Ordinal);
        Assert.DoesNotContain("__cairn", state.Script, StringComparison.Ordinal);
        Assert.DoesNotContain("BASHPID", state.Script, StringComparison.Ordinal);
        Assert.Contains("set -o errexit", state.Script, StringComparison.Ordinal);
        Assert.Equal((3, 7, "/w/x", "/w"), (state.Number, state.ExitCode, state.Directory, state.Previous));
        Assert.Equal(["[1]+ 12 Running sleep 9 &"], state.Jobs);
    }

    [Fact]
    public void A_report_of_another_form_is_none()
    {
        var whole = Report("declare -x A=\"1\"\n");
        Assert.NotNull(ShellState.Parse(whole));
        Assert.Null(ShellState.Parse([]));
        Assert.Null(ShellState.Parse(whole.AsSpan(0, whole.Length - 2)));
        Assert.Null(ShellState.Parse([0, .. whole]));
        Assert.Null(ShellState.Parse([(byte)'x', .. whole]));
    }

    [Fact]
    public void Any_bytes_are_a_state_or_none()
    {
        Prop.ForAll(Gen.Choose(0, 255).Select(n => (byte)n).ArrayOf().ToArbitrary(), bytes =>
        {
            _ = ShellState.Parse(bytes);
            _ = ShellState.Declarations(Encoding.UTF8.GetString(bytes)).Count();
        }).QuickCheckThrowOnFailure();
    }

    private static byte[] Report(string variables) =>
        Encoding.UTF8.GetBytes(string.Join('\0', "3", "7", "/w/x", "/w", "[1]+ 12 Running sleep 9 &\n", variables, "f () \n{ \n    echo\n}\n", "declare -fx f\n", "alias l='ls'\n", "umask 0022\n", "", "shopt -u x\n", "set -o errexit\n", "\u0002"));
}
