using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>A run's shells under the limits of its agent file: they share one sandbox, and with it what one command may have.</summary>
internal sealed class LimitedShells(IShells inner, CommandLimits limits) : IShells
{
    public ShellSet? Set => inner.Set;

    public void Begin(CallId call) => inner.Begin(call);

    public Task<ShellAnswer> SendAsync(ShellInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        var most = limits.Over(input.Limits);
        return inner.SendAsync(
            input with { Limits = most, Wait = most.Wall < input.Wait ? most.Wall : input.Wait, OutputBytes = Math.Min(input.OutputBytes, most.OutputBytes) }, cancellationToken);
    }

    public Task<ShellAnswer?> CloseAsync(CallId call, string shell, CancellationToken cancellationToken) => inner.CloseAsync(call, shell, cancellationToken);
}
