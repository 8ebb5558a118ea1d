using Cairn.Tests.Sandbox;
using Cairn.Tests.Sdk;
using RenameSymbol;

namespace Cairn.Tests.Samples;

public sealed class RenameSymbolTests
{
    private const string Library = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
          <ItemGroup><InternalsVisibleTo Include="App" /></ItemGroup>
        </Project>
        """;

    private const string App = """
        <Project Sdk="Microsoft.NET.Sdk">
          <ItemGroup><ProjectReference Include="..\Lib\Lib.csproj" /></ItemGroup>
          <ItemGroup><Using Include="Shop.Orders" /></ItemGroup>
        </Project>
        """;

    private static InMemoryWorkspace Workspace() => new(
        ("Directory.Build.props", "<Project><PropertyGroup><ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>"),
        ("src/Lib/Lib.csproj", Library),
        ("src/Lib/Order.cs", "\uFEFFnamespace Shop.Orders;\r\n\r\n/// <summary>An <see cref=\"Order\"/>. Order stays here.</summary>\r\npublic sealed record Order(int Id)\r\n{\r\n    internal List<Order> Parts { get; } = [];\r\n}\r\n"),
        ("src/App/App.csproj", App),
        ("src/App/Uses.cs", "namespace App;\n\npublic static class Uses\n{\n    public static string Order() => nameof(Order) + new Order(1).Parts.Select(p => p.Id).Count();\n}\n"),
        ("src/App/Other.cs", "namespace App;\n\npublic sealed class Other\n{\n    private sealed class Order;\n\n    private readonly Order _order = new();\n\n    public override string ToString() => \"Order\" + _order;\n}\n"),
        ("src/App/Unrelated.cs", "namespace App;\n\npublic static class Unrelated;\n"),
        ("src/App/obj/Generated.cs", "broken Order {"));

    private static async Task<(AgentResult Result, DirectSyscalls Kernel)> Run(InMemoryWorkspace workspace, string task)
    {
        var kernel = new DirectSyscalls(workspace, task);
        return (await new RenameSymbolAgent().RunAsync(kernel, TestContext.Current.CancellationToken), kernel);
    }

    [Fact]
    public async Task A_type_is_renamed_by_meaning_in_all_projects_and_its_file_moves_along()
    {
        var workspace = Workspace();
        workspace.OnRun = Mover;
        var (result, kernel) = await Run(workspace, "rename Shop.Orders.Order to Purchase\nbuild: make build\ntest: make test");

        Assert.Equal(new AgentResult(true, "Renamed Shop.Orders.Order to Purchase in 2 files; 2 checks passed."), result);
        Assert.Null(workspace.Stat("src/Lib/Order.cs"));
        Assert.Equal(
            "\uFEFFnamespace Shop.Orders;\r\n\r\n/// <summary>An <see cref=\"Purchase\"/>. Order stays here.</summary>\r\npublic sealed record Purchase(int Id)\r\n{\r\n    internal List<Purchase> Parts { get; } = [];\r\n}\r\n",
            workspace.TextOf("src/Lib/Purchase.cs"));
        Assert.Contains("string Order() => nameof(Order) + new Purchase(1).Parts", workspace.TextOf("src/App/Uses.cs"), StringComparison.Ordinal);
        Assert.Contains("private sealed class Order;", workspace.TextOf("src/App/Other.cs"), StringComparison.Ordinal);
        Assert.Equal(["renamed Shop.Orders.Order to Purchase in 2 files"], kernel.Marks);
        Assert.Equal(["make build", "make test"], workspace.Commands.TakeLast(2).Select(c => c.Arguments[^1]));
    }

    [Fact]
    public async Task A_member_is_found_by_the_end_of_its_name()
    {
        var workspace = Workspace();
        var (result, _) = await Run(workspace, "rename Order.Parts to Items");
        Assert.True(result.Success, result.Summary);
        Assert.Contains(".Items.Select", workspace.TextOf("src/App/Uses.cs"), StringComparison.Ordinal);
        Assert.Contains("internal List<Order> Items", workspace.TextOf("src/Lib/Order.cs"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rename Order to Purchase", "Order may be any of: App.Other.Order, App.Uses.Order, Shop.Orders.Order")]
    [InlineData("rename Shop.Nothing to Purchase", "No project in the workspace declares Shop.Nothing")]
    [InlineData("rename Shop.Orders.Order to 1st", "no C# identifier")]
    [InlineData("please tidy up", "must begin with a line")]
    public async Task A_task_that_cannot_be_done_changes_nothing(string task, string expected)
    {
        var workspace = Workspace();
        var before = workspace.Manifest();
        var (result, _) = await Run(workspace, task);
        Assert.False(result.Success);
        Assert.Contains(expected, result.Summary, StringComparison.Ordinal);
        Assert.Equal(before, workspace.Manifest());
    }

    [Fact]
    public async Task A_build_that_breaks_is_a_failure_with_its_output()
    {
        var workspace = Workspace();
        workspace.OnRun = (_, _) => new SandboxResult(1, "error CS0101: The namespace already contains 'Uses'", "", TimeSpan.Zero, null);
        var (result, _) = await Run(workspace, "rename Order.Parts to Items\nbuild: dotnet build");
        Assert.False(result.Success);
        Assert.Contains("`dotnet build` failed", result.Summary, StringComparison.Ordinal);
        Assert.Contains("CS0101", result.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_run_makes_the_same_calls()
    {
        var (_, first) = await Run(Workspace(), "rename Order.Parts to Items");
        var (_, second) = await Run(Workspace(), "rename Order.Parts to Items");
        Assert.Equal(first.Calls, second.Calls);
    }

    private static SandboxResult Mover(InMemoryWorkspace workspace, SandboxCommand command)
    {
        if (command.Arguments[^1] == "mv -n -- 'src/Lib/Order.cs' 'src/Lib/Purchase.cs'")
        {
            workspace.Put("src/Lib/Purchase.cs", workspace.BytesOf("src/Lib/Order.cs"));
            workspace.Remove("src/Lib/Order.cs");
        }

        return new SandboxResult(0, "", "", TimeSpan.Zero, null);
    }
}
