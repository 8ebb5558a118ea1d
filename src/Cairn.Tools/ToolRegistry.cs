using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Tools.Calls;
using Cairn.Tools.Code;
using Cairn.Tools.Context;
using Cairn.Tools.Control;
using Cairn.Tools.Discovery;
using Cairn.Tools.Files;
using Cairn.Tools.Git;
using Cairn.Tools.Lsp;
using Cairn.Tools.Search;
using Cairn.Tools.Shell;

namespace Cairn.Tools;

/// <summary>
/// The tools that exist, one line per driver, and the check that stands before each call. Safe for use by many runs
/// at once.
/// </summary>
public sealed class ToolRegistry : IToolRegistry
{
    private readonly ImmutableDictionary<string, CallCheck> _checks;

    /// <summary>The built-in tools, then the given ones.</summary>
    /// <exception cref="ArgumentException">When two tools have one name.</exception>
    public ToolRegistry(params IEnumerable<ITool> more)
        : this(false, null, more)
    {
    }

    /// <param name="reachesOut">A command may change something outside through the network.</param>
    /// <param name="problems">Tells what an edit broke; null when nobody can.</param>
    /// <param name="more">The tools beside the built-in ones.</param>
    internal ToolRegistry(bool reachesOut, EditProblems? problems, IEnumerable<ITool> more)
    {
        Tools =
        [
            .. FilesDriver.Tools(problems),
            .. SearchDriver.Tools(),
            .. CodeDriver.Tools(),
            .. GitDriver.Tools(),
            .. ShellDriver.Tools(reachesOut),
            .. ContextDriver.Tools(),
            .. DiscoveryDriver.Tools(),
            .. ControlDriver.Tools(),
            .. more,
        ];
        if (Tools.GroupBy(t => t.Descriptor.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"Two tools have the name {twice.Key}: from {string.Join(" and from ", twice.Select(t => t.Descriptor.Source))}.", nameof(more));
        }

        _checks = Tools.ToImmutableDictionary(t => t.Descriptor.Name, t => new CallCheck(t), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public ImmutableArray<ITool> Tools { get; }

    /// <inheritdoc/>
    public ITool? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _checks.TryGetValue(name, out var check) ? check.Tool : null;
    }

    /// <inheritdoc/>
    public string? Check(string name, string arguments, IReadOnlySet<string> allowed)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(allowed);
        var usable = Tools.Select(t => t.Descriptor.Name).Where(allowed.Contains).ToList();
        var problem = _checks.TryGetValue(name, out var check)
            ? allowed.Contains(name)
                ? check.Problem(arguments)
                : $"The tool {name} is not allowed in this run. {Usable(usable)}"
            : $"There is no tool named '{SafeText.Line(name, 64)}'. {Nearest(name, usable)}{Usable(usable)}";
        return problem is null ? null : SafeText.ForModel(problem, CallCheck.MaxProblemBytes);
    }

    private static string Nearest(string name, List<string> usable)
    {
        var near = Similar.Names(name, usable, 2);
        return near.Count == 0 ? "" : $"Did you mean {string.Join(" or ", near)}? ";
    }

    private static string Usable(List<string> usable) =>
        usable.Count == 0 ? "No tool may be called." : $"You may call: {string.Join(", ", usable)}.";
}
