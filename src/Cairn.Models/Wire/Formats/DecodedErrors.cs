namespace Cairn.Models;

/// <summary>Errors of providers in words that every format can carry.</summary>
internal static class DecodedErrors
{
    public static WireError Of(ErrorBody error, int status = 0)
    {
        var kind = error.Type + " " + error.Code;
        var named = status > 0 ? status
            : Holds(kind, "rate_limit") || Holds(kind, "429") ? 429
            : Holds(kind, "overloaded") ? 529
            : Holds(kind, "authentication") ? 401
            : Holds(kind, "permission") ? 403
            : Holds(kind, "not_found") ? 404
            : Holds(kind, "invalid") ? 400
            : 500;
        return new(named, CodeOf(named), error.Message.Length > 0 ? error.Message : "The model's provider broke off its answer.");
    }

    public static string CodeOf(int status) => status switch
    {
        400 or 405 or 409 or 415 or 422 => "invalid_request_error",
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 or 503 => "overloaded_error",
        504 or 408 => "timeout_error",
        _ => "api_error",
    };

    private static bool Holds(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);
}
