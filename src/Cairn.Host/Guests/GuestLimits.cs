using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>The sandbox's limits for a guest's program, which runs for as long as its whole run.</summary>
internal static class GuestLimits
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    public static SandboxLimits Of(RunLimits limits)
    {
        var plain = new SandboxLimits { Wall = limits.Wall ?? Longest };
        return limits.Command?.Over(plain) ?? plain;
    }
}
