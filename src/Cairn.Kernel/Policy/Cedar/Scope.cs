using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>What a policy's head asks of the principal or the resource.</summary>
/// <param name="Kind">How it is compared.</param>
/// <param name="Uid">The entity that it is compared with.</param>
/// <param name="Type">The type of `is`.</param>
/// <param name="Slot">The entity is given when the template is linked.</param>
internal sealed record Scope(ScopeKind Kind, EntityUid Uid = default, string Type = "", bool Slot = false)
{
    public static Scope Any { get; } = new(ScopeKind.Any);

    public bool Matches(EntityUid uid, List<EntityUid> withAncestors) => Kind switch
    {
        ScopeKind.Any => true,
        ScopeKind.Equal => uid == Uid,
        ScopeKind.In => withAncestors.Contains(Uid),
        ScopeKind.Is => uid.Type == Type,
        _ => uid.Type == Type && withAncestors.Contains(Uid),
    };

    public Scope Fill(EntityUid? slot) => !Slot ? this : this with
    {
        Uid = slot ?? throw new ArgumentException("the template has a slot for which no entity is given"),
        Slot = false,
    };
}

/// <summary>How a head compares.</summary>
internal enum ScopeKind
{
    Any,
    Equal,
    In,
    Is,
    IsIn,
}

/// <summary>What a policy's head asks of the action: any, one, or one that is in one of these.</summary>
/// <param name="Kind">Any, Equal or In.</param>
/// <param name="Uids">The actions.</param>
internal sealed record ActionScope(ScopeKind Kind, ImmutableArray<EntityUid> Uids)
{
    public static ActionScope Any { get; } = new(ScopeKind.Any, []);

    public bool Matches(EntityUid uid, List<EntityUid> withAncestors)
    {
        if (Kind == ScopeKind.Any)
        {
            return true;
        }

        foreach (var one in Uids)
        {
            if (Kind == ScopeKind.Equal ? one == uid : withAncestors.Contains(one))
            {
                return true;
            }
        }

        return false;
    }
}
