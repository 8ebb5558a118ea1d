namespace Cairn.Host;

/// <summary>What a gateway takes at once.</summary>
internal static class GatewayLimits
{
    /// <summary>The most bytes of one request's body: a conversation with images.</summary>
    public const int RequestBytes = 32 * 1024 * 1024;

    /// <summary>The most bytes of all bodies that are held at once; further requests are told to come again.</summary>
    public const long AllRequestBytes = 512L * 1024 * 1024;

    /// <summary>Answers that a conversation may go on from (previous_response_id), the oldest are forgotten first.</summary>
    public const int KeptAnswers = 2_000;

    /// <summary>The most bytes of such conversations.</summary>
    public const long KeptBytes = 128L * 1024 * 1024;

    /// <summary>The tokens set aside for an answer whose request names no limit.</summary>
    public const int UsualAnswer = 8_192;

    /// <summary>The wait that is asked for when the gateway has no room.</summary>
    public static readonly TimeSpan Busy = TimeSpan.FromSeconds(1);
}
