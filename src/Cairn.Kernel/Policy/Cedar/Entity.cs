using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>What is known of an entity.</summary>
/// <param name="Uid">Its name.</param>
/// <param name="Attributes">Its attributes.</param>
/// <param name="Parents">What it is directly in.</param>
/// <param name="Tags">Its tags.</param>
public sealed record Entity(EntityUid Uid, RecordValue Attributes, ImmutableArray<EntityUid> Parents, RecordValue Tags)
{
    /// <summary>An entity without attributes.</summary>
    public static Entity Of(EntityUid uid, params ImmutableArray<EntityUid> parents) => new(uid, RecordValue.Empty, parents, RecordValue.Empty);
}

/// <summary>The entities that a decision may look at.</summary>
public sealed class Entities
{
    private readonly Dictionary<EntityUid, Entity> _byUid;

    /// <summary>Takes entities; of two with one name the last counts.</summary>
    public Entities(IEnumerable<Entity> entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        _byUid = [];
        foreach (var entity in entities)
        {
            _byUid[entity.Uid] = entity;
        }
    }

    /// <summary>No entities.</summary>
    public static Entities None => new([]);

    /// <summary>The entity of a name; null when nothing is known of it.</summary>
    public Entity? Find(EntityUid uid) => _byUid.GetValueOrDefault(uid);

    /// <summary>Everything that an entity is in, itself first.</summary>
    internal List<EntityUid> WithAncestors(EntityUid uid)
    {
        var all = new List<EntityUid>(4) { uid };
        for (var i = 0; i < all.Count; i++)
        {
            if (!_byUid.TryGetValue(all[i], out var entity))
            {
                continue;
            }

            foreach (var parent in entity.Parents)
            {
                if (!all.Contains(parent))
                {
                    all.Add(parent);
                }
            }
        }

        return all;
    }
}
