using Cairn.Host;
using Cairn.Sandbox;
using Cairn.Storage;

namespace Cairn.Tests.Integration.Code;

/// <summary>The live model of a repository, as a host keeps it.</summary>
internal sealed class Live : IAsyncDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("cairn-live-").FullName;
    private readonly StateStore _store;
    private readonly List<ModelView> _views = [];

    private Live(string root)
    {
        Root = root;
        _store = StateStore.Open(new PosixDisk(), _home, TimeProvider.System);
        Layers = new LayerStore(_home, _store.Blobs, TimeProvider.System);
        Models = new CodeModels(Layers, _home, TimeProvider.System);
    }

    public string Root { get; }

    public LayerStore Layers { get; }

    public CodeModels Models { get; }

    public LiveRepository Repository => Models.Find(Root)!;

    public static async Task<Live> NewAsync(string root)
    {
        var live = new Live(root);
        await live.Repository.Building;
        return live;
    }

    public RunModel Run() => new(Repository, Layers, Root, TimeProvider.System);

    public async Task<ModelView> ViewAsync() => await ViewAsync(Run(), null);

    public async Task<ModelView> ViewAsync(RunModel run, LayerId? top)
    {
        var (view, why) = await run.AtAsync(top, TestContext.Current.CancellationToken);
        Assert.True(view is not null, why);
        _views.Add(view);
        return view;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var view in _views)
        {
            await view.DisposeAsync();
        }

        Models.Dispose();
        Layers.Dispose();
        _store.Dispose();
        Directory.Delete(_home, recursive: true);
    }
}
