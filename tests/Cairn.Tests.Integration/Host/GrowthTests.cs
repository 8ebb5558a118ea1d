using System.Diagnostics;
using System.Globalization;
using Cairn.Sandbox;
using Cairn.Storage;

namespace Cairn.Tests.Integration.Host;

/// <summary>Checkpoints of a large tree cost what was edited, not what the tree holds.</summary>
public sealed class GrowthTests
{
    private const int FileBytes = 16 * 1024;

    /// <summary>The new bytes, which nothing makes smaller, in a pack and in the tree that is mounted, and this for names and for the young layers.</summary>
    private const int OverheadBytes = 12 * 1024;

    [Fact]
    public Task Three_hundred_checkpoints_of_a_tree_of_64_MB_grow_by_the_edits() => Measure(4096, 300);

    [Fact(Explicit = true)]
    public Task Five_thousand_checkpoints_of_a_tree_of_1_GB_grow_by_the_edits() => Measure(65536, 5000);

    private static async Task Measure(int files, int checkpoints)
    {
        var root = Directory.CreateTempSubdirectory("cairn-growth-").FullName;
        try
        {
            var (repository, state) = (Path.Combine(root, "repo"), Path.Combine(root, "state"));
            Plant(repository, files);
            using var store = StateStore.Open(new PosixDisk(), state, TimeProvider.System);
            using var layers = new LayerStore(state, store.Blobs, TimeProvider.System);
            var before = Usage(state);
            var random = new Random(1);
            var content = new byte[FileBytes];
            var watch = Stopwatch.StartNew();
            await using (var w = layers.Open(RunId.Parse("r"), repository, null))
            {
                for (var i = 0; i < checkpoints; i++)
                {
                    var path = Name(random.Next(files));
                    random.NextBytes(content);
                    w.Write(path, content, w.Read(path, FileBytes).Version);
                    Assert.NotNull(w.Freeze(LayerId.Parse($"r.{i}")));
                }
            }

            store.Flush();
            var tree = Usage(repository);
            var grown = Usage(state) - before;
            var parts = string.Join(", ", new[] { "layers", "blobs", "squash", "journal" }.Select(part => $"{part} {Usage(Path.Combine(state, part)) / 1024} KiB"));
            var report = string.Create(CultureInfo.InvariantCulture,
                $"{checkpoints} checkpoints of {tree / 1048576} MiB in {watch.Elapsed.TotalSeconds:F1} s: {grown / 1024} KiB more on disk, {grown / checkpoints} bytes each for an edit of {FileBytes} ({parts})");
            TestContext.Current.TestOutputHelper?.WriteLine(report);
            Assert.True(grown <= (long)checkpoints * ((2 * FileBytes) + OverheadBytes), report);
        }
        finally
        {
            Directory.Delete(root, true);
        }
    }

    private static string Name(int file) => $"d{file % 64}/f{file}";

    private static void Plant(string repository, int files)
    {
        var bytes = new byte[FileBytes];
        for (var i = 0; i < files; i++)
        {
            if (i < 64)
            {
                Directory.CreateDirectory(Path.Combine(repository, $"d{i}"));
            }

            BitConverter.TryWriteBytes(bytes, i);
            File.WriteAllBytes(Path.Combine(repository, Name(i)), bytes);
        }
    }

    private static long Usage(string directory)
    {
        using var process = Process.Start(new ProcessStartInfo("du", ["-s", "--block-size=1", directory]) { RedirectStandardOutput = true })!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return long.Parse(text.Split('\t')[0], CultureInfo.InvariantCulture);
    }
}
