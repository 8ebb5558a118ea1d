using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Which part of a run's history stands in its prompts, and in which form. It is replaced as a whole, and rarely: between two
/// moves prompts only grow at their end, so that providers' prompt caches hit.
/// </summary>
public sealed class ContextWindow
{
    /// <summary>Everything, whole.</summary>
    public static readonly ContextWindow All = new(0, [], null);

    /// <param name="first">The first entry of the history that is in the prompt.</param>
    /// <param name="forms">The forms of the answers of the entries from there on; those of later entries are whole.</param>
    /// <param name="carried">What stands for all that is not in the prompt any more; null when nothing is missing.</param>
    public ContextWindow(int first, ImmutableArray<ImmutableArray<PageForm>> forms, Carried? carried)
    {
        (First, Forms, Carried) = (first, forms, carried);
        Digest = Hash();
    }

    /// <summary>The first entry of the history that is in the prompt.</summary>
    public int First { get; }

    /// <summary>The forms of the answers of the entries from <see cref="First"/> on; those of later entries are whole.</summary>
    public ImmutableArray<ImmutableArray<PageForm>> Forms { get; }

    /// <summary>What stands for all that is not in the prompt any more; null when nothing is missing.</summary>
    public Carried? Carried { get; }

    /// <summary>The hash of all this: two windows with the same hash give the same prompts.</summary>
    public BlobHash Digest { get; }

    /// <summary>The form of one answer of an entry that is in the prompt.</summary>
    public PageForm this[int entry, int call] =>
        entry - First < Forms.Length && call < Forms[entry - First].Length ? Forms[entry - First][call] : PageForm.Whole;

    /// <summary>The forms of an entry's answers; empty when all are whole.</summary>
    public ImmutableArray<PageForm> Of(int entry) => entry >= First && entry - First < Forms.Length ? Forms[entry - First] : [];

    private BlobHash Hash()
    {
        if (First == 0 && Forms.IsEmpty && Carried is null)
        {
            return default;
        }

        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{First}\n");
        foreach (var entry in Forms)
        {
            foreach (var form in entry)
            {
                text.Append((char)('0' + (int)form));
            }

            text.Append(' ');
        }

        foreach (var item in Carried?.Texts ?? [])
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{item.Address} {item.Body} {item.Tokens}");
        }

        foreach (var line in Carried?.Lines ?? [])
        {
            text.Append('\n').Append(line);
        }

        return BlobHash.OfText(text.ToString());
    }
}

/// <summary>What stands for all that was taken out of the prompt: one message behind the task, the same until the next move.</summary>
/// <param name="Dropped">Entries of the history that were taken out.</param>
/// <param name="Texts">What must not be lost and whose own place is gone.</param>
/// <param name="Lines">What is known of files, one a line; addresses of what found no room.</param>
/// <param name="Tokens">Upper bound of the message's tokens.</param>
public sealed record Carried(int Dropped, ImmutableArray<CarriedText> Texts, ImmutableArray<string> Lines, int Tokens);

/// <summary>A text that is carried on.</summary>
/// <param name="Title">What it is, for the agent.</param>
/// <param name="Address">Where it comes from: result:3.1.</param>
/// <param name="Body">Its bytes.</param>
/// <param name="Tokens">Upper bound of its tokens.</param>
/// <param name="Trusted">A human said it: it is no mere data.</param>
public sealed record CarriedText(string Title, string Address, BlobHash Body, int Tokens, bool Trusted = false);
