using Cairn.Abstractions;
using Cairn.Evals.Judges;
using Cairn.Kernel;
using Cairn.Models;
using Cairn.Sandbox;
using Cairn.Sandbox.Watching;
using Cairn.Sdk;
using Cairn.Storage;
using Cairn.Tools;
using Cairn.Tools.Lsp;

namespace Cairn.Host;

/// <summary>What the host takes from outside.</summary>
/// <param name="StateDirectory">Where journal, bodies and layers live.</param>
/// <param name="Human">Who can be asked.</param>
/// <param name="Environment">Reads an environment variable of the user.</param>
public sealed record HostOptions(string StateDirectory, IHuman Human, Func<string, string?> Environment)
{
    /// <summary>Directories that sandboxed commands see read-only beside the system's own.</summary>
    public IReadOnlyList<SandboxMount> Mounts { get; init; } = [];

    /// <summary>Recordings by name, for models such as recorded:demo.</summary>
    public Func<string, string?>? Recordings { get; init; }

    /// <summary>Own rules for choosing models, beside those that Cairn ships; of two with one name the own one counts.</summary>
    public IReadOnlyList<RoutePolicy> Routes { get; init; } = [];

    /// <summary>How long models may be silent, and how much they may send.</summary>
    public ModelLimits ModelLimits { get; init; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>The composition root: puts the real disk, sandbox, models and tools together.</summary>
public static class CairnHost
{
    /// <summary>Where the state lives: what the user named, else $CAIRN_STATE, else the XDG state folder.</summary>
    public static string StateDirectory(string? named, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var home = environment("HOME") is { Length: > 0 } h ? h : "/root";
        var xdg = environment("XDG_STATE_HOME") is { Length: > 0 } x ? x : Path.Combine(home, ".local", "state");
        return Path.GetFullPath(named ?? (environment("CAIRN_STATE") is { Length: > 0 } set ? set : Path.Combine(xdg, "cairn")));
    }

    /// <summary>The sandbox backend that the user named with $CAIRN_SANDBOX; null for the fastest that is there.</summary>
    internal static string? SandboxBackend(Func<string, string?> environment) => environment("CAIRN_SANDBOX") is { Length: > 0 } named ? named : null;

    /// <summary>Opens a state directory to work in it; it is made when it does not exist.</summary>
    /// <exception cref="CairnException">When another Cairn works in it, or it was written by a newer Cairn.</exception>
    public static ICairn Open(HostOptions options) => Open(options, (services, _) => services);

    /// <summary>Opens a state directory to work in it, with some of its ports replaced.</summary>
    internal static ICairn Open(HostOptions options, Func<RunServices, StateStore, RunServices> replace)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            var store = StateStore.Open(new PosixDisk(), options.StateDirectory, options.Time);
            try
            {
                return Compose(options, writes: true, store, ReceiptAccess.Wrap(store.Journal, options.StateDirectory), replace);
            }
            catch
            {
                store.Dispose();
                throw;
            }
        }
        catch (StateDirectoryInUseException e)
        {
            throw new UserException(e.Message, e);
        }
    }

    /// <summary>Opens a state directory to look at it, also while another Cairn works in it.</summary>
    public static ICairn OpenReadOnly(HostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var store = StateStore.OpenReadOnly(new PosixDisk(), options.StateDirectory);
        return Compose(options, writes: false, store, store.Journal, (services, _) => services);
    }

    /// <summary>Paths of the user's own tool chains that hold no secrets; commands may need them.</summary>
    internal static IReadOnlyList<SandboxMount> ToolChains(Func<string, string?> environment)
    {
        var home = environment("HOME") is { Length: > 0 } h ? h : "/root";
        string[] known = ["/opt", $"{home}/.dotnet", $"{home}/.nuget/packages", $"{home}/.rustup", $"{home}/.cargo/bin", $"{home}/.cargo/registry", $"{home}/.nvm/versions", $"{home}/.pyenv/versions", $"{home}/go/pkg"];
        var named = (environment("CAIRN_MOUNTS") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return [.. known.Where(Directory.Exists).Concat(named).Distinct(StringComparer.Ordinal).Select(path => new SandboxMount(path))];
    }

    private static EmbeddedCairn Compose(HostOptions options, bool writes, StateStore store, IJournal journal, Func<RunServices, StateStore, RunServices> replace)
    {
        var layers = new LayerStore(
            options.StateDirectory, store.Blobs, options.Time,
            new LayerStoreOptions { Backend = SandboxBackend(options.Environment), Mounts = [.. ToolChains(options.Environment), .. options.Mounts], StoresBehind = writes, FlushBodies = store.Flush });
        var models = new ModelCatalog(new ModelCatalogOptions
        {
            Environment = options.Environment,
            Time = options.Time,
            Recordings = options.Recordings,
            Limits = options.ModelLimits,
        });
        var routes = new RoutingCatalog(
            models, () => ModelRegistry.Load(options.Environment), [.. RoutePolicy.Shipped, .. options.Routes],
            new RouteStatistics(writes ? Path.Combine(options.StateDirectory, "models.json") : null), options.Time);
        var watch = writes ? new FileWatch() : null;
        var languages = new LanguageServerPool(options.Time);
        var services = new RunServices
        {
            Journal = journal,
            Blobs = store.Blobs,
            Layers = layers,
            Tools = new ToolRegistry(),
            Equip = devices => new RunTools(devices, languages),
            Languages = new LanguageCatalog(options.Environment).Of,
            Secret = options.Environment,
            Models = routes,
            Judge = new CommandJudge(),
            Human = options.Human,
            Time = options.Time,
            Watch = watch,
            Fence = writes ? FenceKey.Of(options.StateDirectory) : FenceKey.Random(),
            TokenCounter = new TokenRanks(options.Environment("CAIRN_TOKEN_RANKS") is { Length: > 0 } ranks ? ranks : null).For,
            Logprobs = options.Environment("CAIRN_LOGPROBS") is "1" or "true",
            Code = writes ? new CodeModels(layers, options.StateDirectory, options.Time) : null,
        };
        services = replace(services, store);
        if (writes)
        {
            OrphanedShells.End(services);
        }

        return new EmbeddedCairn(
            services, new Closing(services.Code, languages, watch, routes, models, layers, store, journal as IDisposable), new(Path.Combine(options.StateDirectory, "runs.jsonl")), run => JournalAccess.DamageOf(store, run))
        {
            Retention = writes ? control => new Retention(services, control, store, layers.Collect, layers.Contents) : null,
            Listen = writes ? cairn => OwnerSocket.TryListenAsync(options.StateDirectory, cairn, CancellationToken.None) : null,
        };
    }

    private sealed class Closing(params IDisposable?[] parts) : IDisposable
    {
        public void Dispose()
        {
            foreach (var part in parts)
            {
                part?.Dispose();
            }
        }
    }
}
