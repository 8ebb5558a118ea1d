using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Turns what went wrong on the wire into the failure that the kernel decides on and a person reads.</summary>
internal sealed class WireFailures(ProviderEndpoint endpoint, ModelListing listing)
{
    private const int MostNames = 12;

    private static readonly string[] TooLongSigns =
    [
        "prompt is too long", "maximum context length", "exceed context limit", "context_length_exceeded", "context size",
        "context window", "context length", "too many tokens", "request_too_large",
    ];

    private static readonly string[] NoCreditSigns = ["insufficient_quota", "credit balance", "billing_hard_limit", "exceeded your current quota"];

    /// <summary>Names the failure behind an exception of an SDK.</summary>
    public async Task<ModelOutcome> DescribeAsync(Exception exception, string model, CancellationToken cancellationToken) =>
        WireException.In(exception) switch
        {
            { Status: > 0 } refusal => await RefusalAsync(refusal, model, cancellationToken),
            { } broken => Fail(broken.Kind, broken.Kind == ModelErrorKind.Unavailable ? $"{broken.Message}. Is it running, and is {endpoint.AddressVariable} right?" : $"{broken.Message}."),
            // The SDK could not read what came: to the kernel that is a stream which cannot be used.
            null => Fail(ModelErrorKind.BrokenStream, $"sent an answer that cannot be read ({endpoint.Quote(exception.Message)})."),
        };

    /// <summary>Names an error that arrived inside a stream that had begun well.</summary>
    public ModelOutcome InStream(ErrorBody error)
    {
        var kind = (error.Type + " " + error.Code) switch
        {
            var t when t.Contains("rate_limit", StringComparison.Ordinal) || t.Contains("429", StringComparison.Ordinal) => ModelErrorKind.RateLimited,
            var t when t.Contains("invalid_request", StringComparison.Ordinal) => IsTooLong(error) ? ModelErrorKind.TooLong : ModelErrorKind.Invalid,
            var t when t.Contains("authentication", StringComparison.Ordinal) || t.Contains("permission", StringComparison.Ordinal) => ModelErrorKind.Unauthorized,
            _ => ModelErrorKind.Unavailable,
        };
        return Fail(kind, $"broke off its answer: {endpoint.Quote(error.Message.Length > 0 ? error.Message : error.Type)}");
    }

    /// <summary>A stream that ended in good order, but before the answer did.</summary>
    public ModelOutcome Unfinished() => Fail(ModelErrorKind.BrokenStream, "ended its stream before the answer was complete.");

    private async Task<ModelOutcome> RefusalAsync(WireException refusal, string model, CancellationToken cancellationToken)
    {
        var error = ErrorBody.Parse(refusal.Body);
        var said = error.Message.Length > 0 ? $" It says: {endpoint.Quote(error.Message)}" : "";
        if (Signals(error, NoCreditSigns) || refusal.Status == 402)
        {
            return Fail(ModelErrorKind.Unauthorized, $"refuses the call because the account behind {endpoint.KeyVariable} has no credit left (HTTP {refusal.Status}).{said}");
        }

        if (refusal.Status == 413 || (refusal.Status is >= 400 and < 500 and not 401 and not 403 and not 404 and not 429 && IsTooLong(error)))
        {
            return Fail(ModelErrorKind.TooLong, $"says that the prompt does not fit {model} (HTTP {refusal.Status}).{said}");
        }

        return refusal.Status switch
        {
            401 => Fail(ModelErrorKind.Unauthorized, endpoint.Key is null
                ? $"wants a key (HTTP 401). Set {endpoint.KeyVariable}."
                : $"does not accept the key (HTTP 401). Check {endpoint.KeyVariable}: is it whole, still valid, and of this provider?"),
            403 => Fail(ModelErrorKind.Unauthorized, $"does not allow this call with the key in {endpoint.KeyVariable} (HTTP 403).{said}"),
            404 => await UnknownAsync(model, said, cancellationToken),
            408 => Fail(ModelErrorKind.TimedOut, $"gave up waiting (HTTP 408).{said}"),
            429 => Fail(ModelErrorKind.RateLimited, $"asks for patience (HTTP 429).{said}", refusal.RetryAfter),
            >= 500 => Fail(ModelErrorKind.Unavailable, $"failed (HTTP {refusal.Status}).{said}", refusal.RetryAfter),
            _ when error.Code is "model_not_found" => await UnknownAsync(model, said, cancellationToken),
            >= 300 and < 400 => Fail(ModelErrorKind.Invalid, $"points elsewhere (HTTP {refusal.Status}), and a key is never sent after a redirect. Set {endpoint.AddressVariable} to the final address."),
            _ => Fail(ModelErrorKind.Invalid, $"rejects the request (HTTP {refusal.Status}).{said}"),
        };
    }

    private async Task<ModelOutcome> UnknownAsync(string model, string said, CancellationToken cancellationToken)
    {
        var known = (await listing.TryListAsync(cancellationToken)).Select(m => m.Name).ToList();
        var hint = known.Count == 0
            ? $"Check the name, and that {endpoint.AddressVariable} is right.{said}"
            : $"It has: {endpoint.Quote(string.Join(", ", Nearest(model, known)))}{(known.Count > MostNames ? ", …" : "")}.";
        return Fail(ModelErrorKind.UnknownModel, $"does not know the model '{model}' (HTTP 404). {hint}");
    }

    private static IEnumerable<string> Nearest(string model, List<string> known) =>
        known.OrderByDescending(name => name.Zip(model).TakeWhile(pair => pair.First == pair.Second).Count())
            .ThenBy(name => name, StringComparer.Ordinal)
            .Take(MostNames);

    private static bool IsTooLong(ErrorBody error) => Signals(error, TooLongSigns) || error.Type == "exceed_context_size_error";

    private static bool Signals(ErrorBody error, string[] signs) => signs.Any(sign =>
        error.Message.Contains(sign, StringComparison.OrdinalIgnoreCase) || error.Code == sign || error.Type == sign);

    private ModelOutcome Fail(ModelErrorKind kind, string text, TimeSpan? retryAfter = null) =>
        ModelOutcome.Failed(kind, $"{endpoint.Provider} at {endpoint.Shown} {text}", retryAfter);
}
