namespace Cairn.Memory.Indexing;

/// <summary>What a file is, by its path.</summary>
internal static class LanguageOf
{
    private static readonly Dictionary<string, string> ByExtension = new(StringComparer.OrdinalIgnoreCase)
    {
        [".cs"] = "csharp", [".py"] = "python", [".pyi"] = "python", [".ts"] = "typescript", [".tsx"] = "typescript", [".mts"] = "typescript",
        [".js"] = "javascript", [".jsx"] = "javascript", [".mjs"] = "javascript", [".cjs"] = "javascript", [".go"] = "go", [".c"] = "c", [".h"] = "c",
        [".cc"] = "cpp", [".cpp"] = "cpp", [".cxx"] = "cpp", [".hpp"] = "cpp", [".java"] = "java", [".rs"] = "rust", [".rb"] = "ruby", [".php"] = "php",
        [".sql"] = "sql", [".md"] = "markdown", [".rst"] = "markdown", [".yml"] = "yaml", [".yaml"] = "yaml", [".json"] = "json", [".toml"] = "toml", [".sh"] = "shell",
    };

    private static readonly HashSet<string> Outlined = ["python", "typescript", "javascript", "go", "c", "cpp", "java", "rust", "ruby", "php"];

    public static string Path(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name switch
        {
            "CODEOWNERS" => "codeowners",
            _ when name.StartsWith("Dockerfile", StringComparison.Ordinal) || name.EndsWith(".dockerfile", StringComparison.OrdinalIgnoreCase) => "dockerfile",
            _ when name.StartsWith(".env", StringComparison.Ordinal) => "env",
            _ => ByExtension.GetValueOrDefault(System.IO.Path.GetExtension(name), ""),
        };
    }

    /// <summary>Its definitions come from an <see cref="IOutliner"/>.</summary>
    public static bool IsOutlined(string language) => Outlined.Contains(language);
}
