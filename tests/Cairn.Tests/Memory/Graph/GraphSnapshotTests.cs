using Cairn.Memory.Graph;

namespace Cairn.Tests.Memory.Graph;

public sealed class GraphSnapshotTests
{
    [Fact]
    public void A_version_never_changes_whatever_is_made_of_it()
    {
        var first = Chain(1000);
        var edit = first.Edit();
        edit.RemoveNode(10);
        edit.SetProperties(11, [new("name", "changed")]);
        edit.AddEdge(5, 900, "CALLS", []);
        var second = edit.Commit();

        Assert.Equal((1000, 999), (first.NodeCount, first.EdgeCount));
        Assert.Equal((999, 998), (second.NodeCount, second.EdgeCount));
        Assert.Equal("n11", Assert.Single(first.Find("name", "n11"))["name"]);
        Assert.Empty(second.Find("name", "n11"));
        Assert.Equal(11, Assert.Single(second.Find("name", "changed")).Id);
    }

    [Fact]
    public void Two_forks_of_one_version_see_only_their_own_changes()
    {
        var common = Chain(300);
        var (left, right) = (common.Edit(), common.Edit());
        left.AddNode(["Function"], [new("name", "left")]);
        right.RemoveEdge(7);
        var (a, b) = (left.Commit(), right.Commit());
        Assert.Equal((301, 299), (a.NodeCount, a.EdgeCount));
        Assert.Equal((300, 298), (b.NodeCount, b.EdgeCount));
        Assert.Empty(b.Find("name", "left"));
    }

    [Fact]
    public void A_fork_with_one_change_costs_a_few_pages_however_large_the_graph_is()
    {
        var (small, large) = (Chain(1_000), Chain(100_000));
        Change(small);
        Assert.InRange(Change(large), 0, (Change(small) * 2) + 16_384);

        static long Change(GraphSnapshot graph)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var edit = graph.Edit();
            edit.AddEdge(3, 500, "CALLS", []);
            edit.Commit();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_edits_leave_what_a_plain_model_of_the_graph_holds(int seed)
    {
        var random = new Random(seed);
        var graph = GraphSnapshot.Empty();
        var (nodes, edges) = (new Dictionary<int, string>(), new Dictionary<int, (int From, int To)>());
        for (var round = 0; round < 40; round++)
        {
            var edit = graph.Edit();
            for (var step = 0; step < 30; step++)
            {
                Step(random, edit, nodes, edges);
            }

            graph = edit.Commit();
            Assert.Equal(nodes.OrderBy(pair => pair.Key), graph.AllNodes().Select(node => KeyValuePair.Create(node.Id, (string)node["name"]!)));
            Assert.Equal(edges.Count, graph.EdgeCount);
            foreach (var (id, name) in nodes)
            {
                Assert.Contains(graph.Find("name", name), node => node.Id == id);
                Assert.Equal(edges.Where(edge => edge.Value.From == id).Select(edge => edge.Key).Order(), graph.Nodes[id]!.Out.ToArray().Select(link => link.Edge).Order());
                Assert.Equal(edges.Where(edge => edge.Value.To == id).Select(edge => edge.Key).Order(), graph.Nodes[id]!.In.ToArray().Select(link => link.Edge).Order());
            }
        }
    }

    [Fact]
    public void What_does_not_exist_cannot_be_changed_and_the_error_names_it()
    {
        var edit = Chain(3).Edit();
        Assert.Contains("node 17", Assert.Throws<ArgumentException>(() => edit.AddEdge(0, 17, "CALLS", [])).Message, StringComparison.Ordinal);
        Assert.Contains("relationship 9", Assert.Throws<ArgumentException>(() => edit.RemoveEdge(9)).Message, StringComparison.Ordinal);
        Assert.Contains("Uri", Assert.Throws<ArgumentException>(() => edit.AddNode([], [new("where", new Uri("http://localhost"))])).Message, StringComparison.Ordinal);
        edit.Commit();
        Assert.Throws<ObjectDisposedException>(() => edit.RemoveEdge(0));
    }

    internal static GraphSnapshot Chain(int count)
    {
        var edit = GraphSnapshot.Empty().Edit();
        for (var i = 0; i < count; i++)
        {
            edit.AddNode(["Function"], [new("name", $"n{i}")]);
            if (i > 0)
            {
                edit.AddEdge(i - 1, i, "CALLS", []);
            }
        }

        return edit.Commit();
    }

    private static void Step(Random random, GraphEdit edit, Dictionary<int, string> nodes, Dictionary<int, (int From, int To)> edges)
    {
        int Any(ICollection<int> keys) => keys.ElementAt(random.Next(keys.Count));
        switch (nodes.Count == 0 ? 0 : random.Next(8))
        {
            case 0 or 1 or 2:
                var name = $"n{random.Next(20)}";
                nodes[edit.AddNode(["Any"], [new("name", name)])] = name;
                break;
            case 3 or 4 or 5:
                var (from, to) = (Any(nodes.Keys), Any(nodes.Keys));
                edges[edit.AddEdge(from, to, "T", [])] = (from, to);
                break;
            case 6 when edges.Count > 0:
                var edge = Any(edges.Keys);
                edit.RemoveEdge(edge);
                edges.Remove(edge);
                break;
            case 7:
                var node = Any(nodes.Keys);
                edit.RemoveNode(node);
                nodes.Remove(node);
                foreach (var gone in edges.Where(each => each.Value.From == node || each.Value.To == node).Select(each => each.Key).ToList())
                {
                    edges.Remove(gone);
                }

                break;
        }
    }
}
