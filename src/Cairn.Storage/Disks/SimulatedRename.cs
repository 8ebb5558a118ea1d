namespace Cairn.Storage;

/// <summary>One change of names that no directory sync covered yet. A rename is one change: both names or none.</summary>
internal sealed record SimulatedRename(List<(SimulatedDirectory Directory, string Name, SimulatedNode? Node)> Steps)
{
    public void MakeDurable()
    {
        foreach (var (directory, name, node) in Steps)
        {
            if (node is null)
            {
                directory.Durable.Remove(name);
            }
            else
            {
                directory.Durable[name] = node;
            }
        }
    }
}
