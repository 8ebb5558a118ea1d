using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// What went wrong below an SDK. It travels through the SDK as an exception (the only way out of its stream) and is
/// turned into a value at the provider's edge.
/// </summary>
internal sealed class WireException(ModelErrorKind kind, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The most bytes of an error's body that are read.</summary>
    public const int MaxBodyBytes = 64 * 1024;

    /// <summary>The kind, when no HTTP status says more.</summary>
    public ModelErrorKind Kind { get; } = kind;

    /// <summary>The HTTP status of a refusal; 0 when the transport or the stream failed.</summary>
    public int Status { get; init; }

    /// <summary>The body of a refusal.</summary>
    public string Body { get; init; } = "";

    /// <summary>The wait that the provider asked for.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Finds the wire's exception among those that an SDK wrapped around it.</summary>
    public static WireException? In(Exception? exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is WireException wire)
            {
                return wire;
            }
        }

        return null;
    }
}
