using System.Collections.Immutable;

namespace Cairn.Models;

/// <summary>
/// The optional parameters that a model turned out to reject. Models differ and change; a rejection is cheap (nothing
/// was generated or billed), so it is learnt once per model and asked again without the parameter.
/// </summary>
internal sealed class RejectedParameters(params string[] known)
{
    private static readonly string[] Signs =
        ["unsupported", "not support", "deprecated", "not permitted", "unknown", "unrecognized", "may only be", "only the default", "extra inputs", "cannot both"];

    private ImmutableHashSet<string> _rejected = [];

    /// <summary>True when the parameter must be left out.</summary>
    public bool Contains(string parameter) => _rejected.Contains(parameter);

    /// <summary>Leaves a parameter out from the start.</summary>
    public void Add(string parameter) => ImmutableInterlocked.Update(ref _rejected, (set, name) => set.Add(name), parameter);

    /// <summary>Learns from a refusal.</summary>
    /// <returns>True when the same question is worth asking again; each parameter says so at most once.</returns>
    public bool Learn(Exception exception)
    {
        if (WireException.In(exception) is not { Status: 400 or 422 } refusal)
        {
            return false;
        }

        var error = ErrorBody.Parse(refusal.Body);
        // A wrong value of a parameter that the model does know is the caller's fault, and is told to the caller.
        var unsupported = error.Code.StartsWith("unsupported_", StringComparison.Ordinal) || error.Code == "unknown_parameter"
            || Array.Exists(Signs, sign => error.Message.Contains(sign, StringComparison.OrdinalIgnoreCase));
        var parameter = unsupported
            ? known.FirstOrDefault(name => name == error.Parameter) ?? known.FirstOrDefault(name => !Contains(name) && Mentions(error.Message, name))
            : null;
        if (parameter is null || Contains(parameter))
        {
            return false;
        }

        Add(parameter);
        return true;
    }

    private static bool Mentions(string message, string name)
    {
        for (var at = message.IndexOf(name, StringComparison.Ordinal); at >= 0; at = message.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            var end = at + name.Length;
            if ((at == 0 || !IsWord(message[at - 1])) && (end == message.Length || !IsWord(message[end])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';
}
