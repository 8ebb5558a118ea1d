using System.Globalization;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>What kind of answer a page is.</summary>
public enum PageKind
{
    /// <summary>A file, or a part of it.</summary>
    File,

    /// <summary>What a search or a listing found.</summary>
    Search,

    /// <summary>What a command printed.</summary>
    Command,

    /// <summary>What became of a change.</summary>
    Change,
}

/// <summary>What a policy may look at.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Age">Steps since it came.</param>
/// <param name="Idle">Steps since it, or the file that it shows, was last used.</param>
/// <param name="Uses">How often that file was used.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Superseded">A later answer shows the same.</param>
/// <param name="Stale">The file changed since.</param>
public readonly record struct PageFacts(PageKind Kind, int Age, int Idle, int Uses, int Tokens, bool Superseded, bool Stale);

/// <summary>
/// Says which pages leave the prompt first when there is no room. Versioned, and hashed by what it answers: a change of its
/// behaviour is another hash, whatever the version says.
/// </summary>
public abstract class ContextPolicy
{
    /// <summary>The name by which a run names it.</summary>
    public abstract string Name { get; }

    /// <summary>The version of its rules.</summary>
    public abstract int Version { get; }

    /// <summary>name@version.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{Name}@{Version}");

    /// <summary>The names of all policies, the default one first.</summary>
    public static System.Collections.Immutable.ImmutableArray<string> Names => [NextUse.PolicyName, LeastRecentlyUsed.PolicyName, TwoQueues.PolicyName];

    /// <summary>The policy by that name; the default one for null and for names that are not known.</summary>
    public static ContextPolicy Of(string? name) => name switch
    {
        LeastRecentlyUsed.PolicyName => new LeastRecentlyUsed(),
        TwoQueues.PolicyName => new TwoQueues(),
        _ => new NextUse(),
    };

    /// <summary>How long a page is worth its room: the lowest leaves first.</summary>
    public abstract double Worth(in PageFacts page);

    /// <summary>The hash of what it answers to a fixed list of questions.</summary>
    public BlobHash Hash()
    {
        var text = new StringBuilder(Id);
        foreach (var kind in Enum.GetValues<PageKind>())
        {
            for (var i = 0; i < 64; i++)
            {
                var facts = new PageFacts(kind, 1 + (i * 3), 1 + (i % 8 * 5), 1 + (i % 5), 100 << (i % 7), i % 4 == 3, i % 6 == 5);
                text.Append(CultureInfo.InvariantCulture, $" {Worth(facts):R}");
            }
        }

        return BlobHash.OfText(text.ToString());
    }
}

/// <summary>What was not used for the longest time leaves first.</summary>
public sealed class LeastRecentlyUsed : ContextPolicy
{
    /// <summary>Its name.</summary>
    public const string PolicyName = "lru";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override int Version => 1;

    /// <inheritdoc/>
    public override double Worth(in PageFacts page) => -page.Idle;
}

/// <summary>Answers of tools leave before files, each queue by last use: the usual picture of a small fast tier above a larger one.</summary>
public sealed class TwoQueues : ContextPolicy
{
    /// <summary>Its name.</summary>
    public const string PolicyName = "two-queues";

    /// <summary>More than any run has steps.</summary>
    private const double Above = 1e6;

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override int Version => 1;

    /// <inheritdoc/>
    public override double Worth(in PageFacts page) => (page.Kind == PageKind.File ? Above : 0) - page.Idle;
}

/// <summary>
/// What will not be used again leaves first: what a later answer replaced, what is no longer true, then by the time for which
/// it was idle, stretched by kind (output of commands and searches is rarely looked at twice, files are) and by how often it was used.
/// </summary>
public sealed class NextUse : ContextPolicy
{
    /// <summary>Its name.</summary>
    public const string PolicyName = "next-use";

    private const double Dead = -1e9;
    private const double Outdated = -1e6;

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override int Version => 1;

    /// <inheritdoc/>
    public override double Worth(in PageFacts page)
    {
        var haste = page.Kind switch
        {
            PageKind.File => 1.0,
            PageKind.Change => 2.0,
            _ => 3.0,
        };
        var rest = -(page.Idle * haste) / (1 + Math.Min(8, page.Uses - 1) * 0.5);
        return page.Superseded ? Dead + rest : page.Stale ? Outdated + rest : rest;
    }
}
