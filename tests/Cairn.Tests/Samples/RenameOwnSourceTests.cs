using Cairn.Tests.Sandbox;
using Cairn.Tests.Sdk;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using RenameSymbol;

namespace Cairn.Tests.Samples;

public sealed class RenameOwnSourceTests
{
    private const string OldName = "BlobHash";
    private const int LeastFiles = 10;

    [Fact]
    public async Task A_widely_used_type_is_renamed_over_Cairns_own_source_and_no_use_is_left()
    {
        var workspace = OwnSource();
        var kernel = new DirectSyscalls(workspace, $"rename Cairn.Abstractions.{OldName} to ContentHash");
        workspace.OnRun = (_, _) => new SandboxResult(0, "", "", TimeSpan.Zero, null);

        var result = await new RenameSymbolAgent().RunAsync(kernel, TestContext.Current.CancellationToken);

        Assert.True(result.Success, result.Summary);
        Assert.True(kernel.Calls.Count(c => c.Tool == "write_file") >= LeastFiles);
        Assert.Empty(workspace.Manifest()
            .Where(e => e.Path.EndsWith(".cs", StringComparison.Ordinal) && Uses(workspace.TextOf(e.Path)))
            .Select(e => e.Path));
    }

    // Identifiers only, those in doc comments included: prose and string literals keep the old name.
    private static bool Uses(string source) => source.Contains(OldName, StringComparison.Ordinal)
        && CSharpSyntaxTree.ParseText(source, cancellationToken: TestContext.Current.CancellationToken)
            .GetRoot(TestContext.Current.CancellationToken)
            .DescendantTokens(descendIntoTrivia: true)
            .Any(t => t.IsKind(SyntaxKind.IdentifierToken) && t.ValueText == OldName);

    private static InMemoryWorkspace OwnSource()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Cairn.slnx")))
        {
            root = root.Parent ?? throw new InvalidOperationException("The tests do not run from within Cairn's source.");
        }

        var workspace = new InMemoryWorkspace();
        foreach (var part in new[] { "src", "tests", "samples" })
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(root.FullName, part), "*.cs*", SearchOption.AllDirectories))
            {
                var path = Path.GetRelativePath(root.FullName, file);
                if (!path.Split('/').Any(p => p is "bin" or "obj"))
                {
                    workspace.Put(path, File.ReadAllBytes(file));
                }
            }
        }

        workspace.Put("Directory.Build.props", File.ReadAllBytes(Path.Combine(root.FullName, "Directory.Build.props")));
        workspace.Put("Directory.Packages.props", File.ReadAllBytes(Path.Combine(root.FullName, "Directory.Packages.props")));
        return workspace;
    }
}
