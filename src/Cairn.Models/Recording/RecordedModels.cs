using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Opens recorded and scripted models: by the name of an embedded recording, or by the path of a file.</summary>
internal static class RecordedModels
{
    public const string Recorded = "recorded";
    public const string Scripted = "scripted";

    private const int MaxOutput = 32_000;

    public static async ValueTask<(IModel? Model, string? Problem)> OpenAsync(
        string provider, string name, ModelCatalogOptions options, CancellationToken cancellationToken)
    {
        var (text, problem) = IsPath(name) ? await ReadAsync(name, cancellationToken) : Named(name, options);
        if (text is null)
        {
            return (null, $"{provider}:{name} cannot be opened: {problem}.");
        }

        try
        {
            var file = RecordedFile.Parse(text, faultsAllowed: provider == Scripted);
            return (new RecordedModel(new ModelInfo(provider, name, file.ContextTokens, MaxOutput, Recorded: true), file, options.Time), null);
        }
        catch (FormatException e)
        {
            return (null, $"{provider}:{name} cannot be read: {e.Message}.");
        }
    }

    private static bool IsPath(string name) =>
        name.Contains('/', StringComparison.Ordinal) || name.Contains('\\', StringComparison.Ordinal)
        || Path.GetExtension(name) is ".yaml" or ".yml" or ".json";

    private static (string? Text, string? Problem) Named(string name, ModelCatalogOptions options)
    {
        if (options.Recordings?.Invoke(name) is { } text)
        {
            return (text, null);
        }

        using var stream = typeof(RecordedModels).Assembly.GetManifestResourceStream($"recordings/{name}.yaml");
        if (stream is null)
        {
            return (null, "no recording has this name (a file is named by its path, such as ./answers.yaml)");
        }

        using var reader = new StreamReader(stream);
        return (reader.ReadToEnd(), null);
    }

    private static async Task<(string? Text, string? Problem)> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return new FileInfo(path).Length > RecordedFile.MaxBytes
                ? (null, $"the file is larger than {RecordedFile.MaxBytes} bytes")
                : (await File.ReadAllTextAsync(path, cancellationToken), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return (null, e.Message.TrimEnd('.'));
        }
    }
}
