using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Tools;

namespace Cairn.Host;

/// <summary>Checks a request and writes the first record of a run.</summary>
internal sealed class RunStarter(RunServices services)
{
    private const int MaxTaskBytes = 256 * 1024;
    private const int MaxTitle = 100;
    private const string IdAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    public Task<RunId> StartAsync(RunRequest request, CancellationToken cancellationToken) =>
        StartAsync(request, services.NewRunId(), null, null, cancellationToken);

    /// <param name="request">What is asked for.</param>
    /// <param name="run">The new run's id.</param>
    /// <param name="parent">The run that spawns it.</param>
    /// <param name="layer">The files that it begins with; null for the repository's.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<RunId> StartAsync(RunRequest request, RunId run, RunId? parent, LayerId? layer, CancellationToken cancellationToken)
    {
        var repository = services.FindRepository(request.Repository);
        if (string.IsNullOrWhiteSpace(request.Task))
        {
            throw new UserException("The task is empty: say what is to be done.");
        }

        if (Encoding.UTF8.GetByteCount(request.Task) > MaxTaskBytes)
        {
            throw new UserException($"The task is longer than {MaxTaskBytes} bytes: put the details into a file of the repository and name it.");
        }

        var model = request.Code is null || request.Model is not null ? await ModelAsync(request, cancellationToken) : null;

        // Of what a code agent or a guest asks a model, the kernel makes no prompts.
        var prompts = model is not null && request.Code is null;
        var counter = prompts ? services.TokenCounter(model!.Id) : null;
        ImmutableArray<TextSource> rules;
        RunDevices? devices;
        ImmutableArray<ITool> tools;
        await using (var workspace = services.Layers.Open(run, repository, layer))
        {
            rules = RuleFiles.Read(workspace, services.Blobs, counter);
            (devices, tools) = await new DeviceSetup(
                services.Tools, services.Equip, PolicyGate.DenialBefore(request.Policy, request.Code?.Name ?? (request.Profile ?? AgentProfile.Coder()).Name), services.Secret, request.Guest is null ? services.Languages : _ => []).CompleteAsync(request.Devices, workspace, cancellationToken);
        }

        var started = new RunStarted(
            Kernel.Kernel.Version,
            request.Guest is not null ? GuestTools.Agent(request.Guest) : request.Code is null ? Agent(request.Profile ?? AgentProfile.Coder(), request.Task, tools, counter) : Agent(request.Code, tools),
            services.Blobs.PutText("task", request.Task, counter),
            Title(request.Task),
            repository,
            rules,
            model,
            request.Limits,
            request.Merge,
            request.Judge)
        {
            Parent = parent,
            BaseLayer = layer,
            KeepDays = request.KeepDays,
            Policy = request.Policy,
            Devices = devices,
            Guest = request.Guest,
            ContextPolicy = request.Profile?.ContextPolicy,
            Grounding = request.Profile?.Grounding,
            Archive = prompts && services.Archive is not null ? true : null,
            ContextRules = prompts ? ContextState.Rules : null,
            Fence = prompts ? services.Fence : null,
        };
        await services.Journal.AppendAsync(run, 0, [started], cancellationToken);
        return run;
    }

    /// <summary>A new id: 65 random bits, so that two state directories can be put together.</summary>
    public static RunId NewId() => RunId.Parse("r" + RandomNumberGenerator.GetString(IdAlphabet, 13));

    public async Task<ModelBinding> BindAsync(string id, RunLimits limits, CancellationToken cancellationToken)
    {
        var (model, problem) = await services.Models.OpenAsync(id, cancellationToken);
        if (model is null)
        {
            throw new UserException(problem ?? $"There is no model {id}.");
        }

        var info = model.Info;
        if (limits.Usd is not null && !info.Recorded && info.InputPrice is null)
        {
            throw new UserException(
                $"--budget-usd cannot be kept: the price of {info.Id} is not in the price table. Use --budget-tokens, or another model.");
        }

        return new(info.Id, info.ContextTokens, info.MaxOutputTokens, info.Recorded)
        {
            InputPrice = info.InputPrice,
            OutputPrice = info.OutputPrice,
            Voters = info.Voters > 1 ? info.Voters : null,
        };
    }

    private Task<ModelBinding> ModelAsync(RunRequest request, CancellationToken cancellationToken) =>
        BindAsync(
            request.Model ?? request.Profile?.Model ?? throw new UserException("No model is named: use --model PROVIDER:NAME."),
            request.Limits,
            cancellationToken);

    private AgentSpec Agent(AgentProfile profile, string task, ImmutableArray<ITool> all, ITokenCounter? counter)
    {
        var usable = all
            .Where(t => ToolSearch.IsDiscovery(t.Descriptor.Name) || profile.Tools.IsEmpty
                ? t.Descriptor.Name is not (KernelTools.Spawn or KernelTools.AskModel or "git_commit")
                : profile.Tools.Contains(t.Descriptor.Name) || t.Descriptor.Name is KernelTools.Complete or KernelTools.Recall || t.Descriptor.Source is not ("built-in" or RunTools.LanguageOrigin))
            .Select(t => t.Descriptor).ToList();
        var (tools, more) = ToolSearch.Choose(usable, $"{task}\n{profile.Prompt}");
        var definitions = CairnJson.Bytes(
            [.. tools.Select(t => new ToolDefinition(t.Name, t.Description, t.Schema))], CairnJson.Default.ImmutableArrayToolDefinition);
        return new(
            AgentKind.Model,
            profile.Name,
            services.Blobs.PutText(profile.Name, profile.Prompt, counter),
            services.Blobs.Put(definitions),
            TokenEstimate.UpperBound(definitions.Length),
            [.. usable.Where(t => more || !ToolSearch.IsDiscovery(t.Name)).Select(t => new ToolBinding(t.Name, t.Effect))]);
    }

    private static AgentSpec Agent(ICodeAgent agent, ImmutableArray<ITool> all) =>
        new(AgentKind.Code, agent.Name, null, default, 0, [.. all.Where(t => !ToolSearch.IsDiscovery(t.Descriptor.Name)).Select(t => new ToolBinding(t.Descriptor.Name, t.Descriptor.Effect))]);

    private static string Title(string task)
    {
        var line = new string([.. task.Trim().Split('\n')[0].Where(c => !char.IsControl(c))]).Trim();
        return line.Length <= MaxTitle ? line : line[..(MaxTitle - 1)] + "…";
    }
}
