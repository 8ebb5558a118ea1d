namespace Cairn.Models;

/// <summary>What the catalog takes from outside.</summary>
public sealed record ModelCatalogOptions
{
    /// <summary>Reads an environment variable; null when it is not set.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>Clock and timers.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The HTTP transport; null makes one that follows no redirect. It is not disposed.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>Waits and sizes.</summary>
    public ModelLimits Limits { get; init; } = new();

    /// <summary>The text of a named recording that the host embeds; null, or a null result, when there is none.</summary>
    public Func<string, string?>? Recordings { get; init; }
}
