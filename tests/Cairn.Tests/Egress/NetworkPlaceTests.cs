using Cairn.Sandbox.Egress;

namespace Cairn.Tests.Egress;

public sealed class NetworkPlaceTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("cairn-places-").FullName;

    public void Dispose() => Directory.Delete(_parent, true);

    [Fact]
    public void What_a_killed_process_left_is_removed_and_what_is_in_use_stays()
    {
        var dead = Directory.CreateDirectory(Path.Combine(_parent, "cairn-net-dead")).FullName;
        File.WriteAllText(Path.Combine(dead, "lock"), "");
        Directory.CreateDirectory(Path.Combine(dead, "1"));
        var link = Path.Combine(_parent, "cairn-net-link");
        Directory.CreateSymbolicLink(link, _parent);
        var other = Directory.CreateDirectory(Path.Combine(_parent, "cairn-other")).FullName;
        using (var first = NetworkPlace.Make(_parent))
        {
            Assert.False(Directory.Exists(dead));
            using var second = NetworkPlace.Make(_parent);
            Assert.True(Directory.Exists(first.Directory) && Directory.Exists(second.Directory) && first.Directory != second.Directory);
        }

        Assert.Equal([link, other], Directory.GetDirectories(_parent).Order(StringComparer.Ordinal));
    }
}
