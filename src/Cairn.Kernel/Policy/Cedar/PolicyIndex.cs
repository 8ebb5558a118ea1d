using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>
/// Finds the rules that a request may concern by their heads, so that a thousand rules for other actions, principals
/// or resources cost nothing. It may name too many rules, never too few: heads are checked again.
/// </summary>
internal sealed class PolicyIndex
{
    private readonly Bucket _anyAction;
    private readonly FrozenDictionary<EntityUid, Bucket> _byAction;

    public PolicyIndex(ImmutableArray<PolicyRule> rules)
    {
        var any = new List<int>();
        var byAction = new Dictionary<EntityUid, List<int>>();
        for (var i = 0; i < rules.Length; i++)
        {
            if (rules[i].Action.Kind == ScopeKind.Any)
            {
                any.Add(i);
            }

            foreach (var uid in rules[i].Action.Uids.Distinct())
            {
                Of(byAction, uid).Add(i);
            }
        }

        _anyAction = new(rules, any);
        _byAction = byAction.ToFrozenDictionary(p => p.Key, p => new Bucket(rules, p.Value));
    }

    /// <summary>Numbers of rules, ascending, each once.</summary>
    public List<int> Candidates(List<EntityUid> principals, List<EntityUid> actions, List<EntityUid> resources)
    {
        var found = new List<int>();
        _anyAction.Collect(principals, resources, found);
        foreach (var action in actions)
        {
            if (_byAction.TryGetValue(action, out var bucket))
            {
                bucket.Collect(principals, resources, found);
            }
        }

        found.Sort();
        var kept = 0;
        for (var i = 0; i < found.Count; i++)
        {
            if (i == 0 || found[i] != found[i - 1])
            {
                found[kept++] = found[i];
            }
        }

        found.RemoveRange(kept, found.Count - kept);
        return found;
    }

    private static List<int> Of(Dictionary<EntityUid, List<int>> map, EntityUid uid)
    {
        if (!map.TryGetValue(uid, out var list))
        {
            map[uid] = list = [];
        }

        return list;
    }

    /// <summary>The rules of one action, by the entity that their principal must be or be in, else by that of the resource.</summary>
    private sealed class Bucket
    {
        private readonly ImmutableArray<int> _rest;
        private readonly FrozenDictionary<EntityUid, ImmutableArray<int>> _byPrincipal;
        private readonly FrozenDictionary<EntityUid, ImmutableArray<int>> _byResource;

        public Bucket(ImmutableArray<PolicyRule> rules, List<int> numbers)
        {
            var rest = new List<int>();
            var byPrincipal = new Dictionary<EntityUid, List<int>>();
            var byResource = new Dictionary<EntityUid, List<int>>();
            foreach (var number in numbers)
            {
                var rule = rules[number];
                var list = Named(rule.Principal) ? Of(byPrincipal, rule.Principal.Uid)
                    : Named(rule.Resource) ? Of(byResource, rule.Resource.Uid)
                    : rest;
                list.Add(number);
            }

            _rest = [.. rest];
            _byPrincipal = byPrincipal.ToFrozenDictionary(p => p.Key, p => p.Value.ToImmutableArray());
            _byResource = byResource.ToFrozenDictionary(p => p.Key, p => p.Value.ToImmutableArray());
        }

        public void Collect(List<EntityUid> principals, List<EntityUid> resources, List<int> found)
        {
            found.AddRange(_rest);
            Collect(_byPrincipal, principals, found);
            Collect(_byResource, resources, found);
        }

        private static void Collect(FrozenDictionary<EntityUid, ImmutableArray<int>> map, List<EntityUid> uids, List<int> found)
        {
            if (map.Count == 0)
            {
                return;
            }

            foreach (var uid in uids)
            {
                if (map.TryGetValue(uid, out var numbers))
                {
                    found.AddRange(numbers);
                }
            }
        }

        private static bool Named(Scope scope) => scope.Kind is ScopeKind.Equal or ScopeKind.In or ScopeKind.IsIn;
    }
}
