namespace Cairn.Tests.Architecture;

public sealed class ProjectTableTests
{
    private static readonly string Runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    [Fact]
    public void Every_project_under_src_stands_in_the_table() =>
        SourceTree.AssertNone(SourceTree.Projects("src").Select(project => project.Name).Where(name => !ProjectTable.Allowed.ContainsKey(name)));

    [Fact]
    public void Projects_reference_no_more_than_the_table_allows() =>
        SourceTree.AssertNone(
            SourceTree.Projects("src").SelectMany(project => ProjectTable.CheckProject(project.Name, project.Text, ProjectTable.Allowed[project.Name]))
                .Concat(SourceTree.Projects("samples").SelectMany(project => ProjectTable.CheckProject(project.Name, project.Text, ProjectTable.AllowedToSamples))));

    [Fact]
    public void Compiled_code_uses_no_more_than_the_table_allows() =>
        SourceTree.AssertNone(
            SourceTree.Projects("src").SelectMany(project => CheckAssembly(project, ProjectTable.Allowed[project.Name]))
                .Concat(SourceTree.Projects("samples").SelectMany(project => CheckAssembly(project, ProjectTable.AllowedToSamples))));

    [Fact]
    public void The_table_says_what_the_architecture_page_says() =>
        Assert.Equal(
            ProjectTable.Allowed.Keys.Where(name => SourceTree.Projects("src").Any(project => project.Name == name)).Order(StringComparer.Ordinal),
            SourceTree.Read("docs/ARCHITECTURE.md").Lines
                .Where(line => line.StartsWith("| `Cairn.", StringComparison.Ordinal))
                .Select(line => line.Split('`')[1])
                .Order(StringComparer.Ordinal));

    [Fact]
    public void A_reference_upwards_is_found_in_a_project_file() =>
        Assert.Equal(
            "Cairn.Kernel references Cairn.Storage; it may use Cairn.Abstractions.",
            Assert.Single(ProjectTable.CheckProject(
                "Cairn.Kernel",
                """<Project><ItemGroup><ProjectReference Include="..\Cairn.Storage\Cairn.Storage.csproj" /></ItemGroup></Project>""",
                ProjectTable.Allowed["Cairn.Kernel"])));

    [Fact]
    public void A_package_in_the_contract_is_found() =>
        Assert.Single(ProjectTable.CheckProject(
            "Cairn.Abstractions", """<Project><ItemGroup><PackageReference Include="Dapper" /></ItemGroup></Project>""", []));

    [Fact]
    public void A_use_that_comes_through_another_project_is_found_in_compiled_code()
    {
        string[] allowed = ProjectTable.Allowed["Cairn.Cli"];
        Assert.Empty(ProjectTable.CheckAssembly("Cairn.Cli", ["Cairn.Host", "Cairn.Abstractions", "System.Runtime"], allowed, _ => true));
        Assert.Single(ProjectTable.CheckAssembly("Cairn.Cli", ["Cairn.Host", "Cairn.Storage"], allowed, _ => true));
        Assert.Single(ProjectTable.CheckAssembly("Cairn.Abstractions", ["System.Runtime", "Dapper"], [], name => name != "Dapper"));
        Assert.Single(ProjectTable.CheckAssembly("Cairn.Abstractions", ["Cairn.Kernel"], [], _ => true));
    }

    private static List<string> CheckAssembly(SourceTree.Project project, string[] allowed)
    {
        using var module = project.Open();
        return
        [
            .. ProjectTable.CheckAssembly(
                project.Name,
                module.AssemblyReferences.Select(reference => reference.Name),
                allowed,
                name => File.Exists(Path.Combine(Runtime, name + ".dll"))),
        ];
    }
}
