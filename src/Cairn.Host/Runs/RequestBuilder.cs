using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Evals.Judges;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Fills in what a user left open: agent file, model, judge, limits.</summary>
internal sealed class RequestBuilder(RunServices services)
{
    public static RunRequest ForCode(StartRun start, ICodeAgent agent) => new()
    {
        Task = start.Task,
        Repository = start.Repository,
        Code = agent,
        Model = start.Model,
        Merge = start.Merge ?? MergeMode.Ask,
        Judge = string.IsNullOrEmpty(start.Judge) ? null : new(start.Judge),
        Policy = PolicyFiles.Load(start.Policy),
        Devices = new RunDevices { Network = Hosts(start) },
        Limits = Limits(start, new RunLimits { Steps = 100_000 }),
        KeepDays = KeepDays(start.KeepDays),
    };

    public async Task<RunRequest> ForModelAsync(StartRun start, CancellationToken cancellationToken)
    {
        var profile = start.AgentFile is null ? AgentProfile.Coder() : AgentFile.Read(start.AgentFile, services.Tools);
        return new()
        {
            Task = start.Task,
            Repository = Repositories.Check(start.Repository),
            Profile = profile,
            Model = start.Model ?? profile.Model ?? await FindModelAsync(cancellationToken),
            Merge = start.Merge ?? profile.Merge ?? MergeMode.Ask,
            Judge = await JudgeAsync(start, profile),
            Policy = PolicyFiles.Load(start.Policy) ?? profile.Policy,
            Devices = profile.Devices with
            {
                Tools = [.. profile.Devices.Tools, .. await RepositoryToolsAsync(start)],
                Network = [.. profile.Devices.Network, .. Hosts(start)],
            },
            Limits = Limits(start, profile.Limits),
            KeepDays = KeepDays(start.KeepDays ?? profile.KeepDays),
        };
    }

    public async Task<RunRequest> ForGuestAsync(StartRun start, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var guest = GuestPrograms.Find(command, services.Secret);
        return ForCode(start, new GuestAgent(guest)) with
        {
            Repository = Repositories.Check(start.Repository),
            Guest = guest,
            Model = start.Model ?? await FindModelAsync(cancellationToken),
        };
    }

    private static ImmutableArray<NetworkRule> Hosts(StartRun start) => [.. (start.AllowNet ?? []).Select(AgentDevices.Rule)];

    private async ValueTask<ImmutableArray<ToolManifest>> RepositoryToolsAsync(StartRun start)
    {
        if (!start.AllowRepositoryTools)
        {
            return [];
        }

        await using var workspace = services.Layers.Open(RunStarter.NewId(), Repositories.Check(start.Repository), null);
        return RepositoryTools.Read(workspace);
    }

    private static int? KeepDays(int? days) => days is null or (>= 0 and <= AgentFile.MaxKeepDays) ? days
        : throw new UserException($"--keep-days takes 0 to {AgentFile.MaxKeepDays} days.");

    private static RunLimits Limits(StartRun start, RunLimits limits)
    {
        if (start.BudgetTokens is <= 0 || start.BudgetUsd is <= 0 || start.MaxSteps is <= 0)
        {
            throw new UserException("--budget-tokens, --budget-usd and --max-steps must be greater than 0.");
        }

        return limits with
        {
            Tokens = start.BudgetTokens ?? limits.Tokens,
            Usd = start.BudgetUsd ?? limits.Usd,
            Steps = start.MaxSteps ?? limits.Steps,
        };
    }

    private async ValueTask<JudgeSpec?> JudgeAsync(StartRun start, AgentProfile profile)
    {
        if ((start.Judge ?? profile.Judge) is { } named)
        {
            return named.Length == 0 ? null : new(named);
        }

        await using var workspace = services.Layers.Open(RunStarter.NewId(), Repositories.Check(start.Repository), null);
        return TestCommandFinder.Find(workspace) is { } found ? new(found.Command) : null;
    }

    private async Task<string> FindModelAsync(CancellationToken cancellationToken)
    {
        var found = await services.Models.FindAsync(cancellationToken);
        return found.Where(m => m.Available).SelectMany(m => m.Models).FirstOrDefault()
            ?? throw new UserException(
                "No model is configured. Set one of these and name the model with --model PROVIDER:NAME:\n"
                + string.Join('\n', found.Select(m => $"  {m.Provider,-10} {m.Detail}"))
                + "\nOr see everything work without a model first: cairn demo");
    }
}
