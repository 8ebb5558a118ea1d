using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>How a guest's program ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="LimitHit">The limit that ended it; null when none did.</param>
internal sealed record GuestEnd(int ExitCode, string? LimitHit);

/// <summary>
/// The life of a guest as the kernel sees it: the program works, asks, works, …, ends. All that this depends on comes from its
/// syscalls, so a resumed run gets through its past without starting anything.
/// </summary>
internal sealed class GuestAgent(GuestSpec guest) : ICodeAgent
{
    public string Name => GuestTools.Name(guest);

    public async Task<AgentResult> RunAsync(ISyscalls kernel, CancellationToken cancellationToken)
    {
        while (true)
        {
            var step = await kernel.CallAsync(GuestTools.Step, "{}", cancellationToken);
            if (!step.IsOk || step.Data is not { } data)
            {
                return new(false, step.Text);
            }

            if (!data.StartsWith(GuestQuestion.Start, StringComparison.Ordinal))
            {
                var end = JsonSerializer.Deserialize(data, GatewayJson.Default.GuestEnd)!;
                return end.LimitHit is { } limit ? new(false, $"{Name} was stopped by the limit on {limit}")
                    : end.ExitCode == 0 ? new(true, $"{Name} ended") : new(false, $"{Name} ended with exit code {end.ExitCode}");
            }

            await kernel.CallAsync(GuestTools.Model, data, cancellationToken);
        }
    }
}
