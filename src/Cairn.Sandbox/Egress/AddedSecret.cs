using System.Net.Http.Headers;
using System.Text;

namespace Cairn.Sandbox.Egress;

/// <summary>What is added to a request outside of the sandbox, and is masked where the answer brings it back.</summary>
/// <param name="Header">The header's name.</param>
/// <param name="Value">Its whole value.</param>
/// <param name="Secret">What of it is secret.</param>
internal readonly record struct AddedSecret(string Header, string Value, string Secret)
{
    /// <summary>Shorter ones are not looked for: they would blot out ordinary text.</summary>
    public const int LeastMasked = 8;

    private bool IsMasked => Secret.Length >= LeastMasked;

    /// <summary>Puts it in place of whatever the client would send under that name.</summary>
    public void Add(HttpRequestHeaders headers)
    {
        headers.Remove(Header);
        headers.TryAddWithoutValidation(Header, Value);
    }

    /// <summary>The answer's bytes without the secret.</summary>
    public Stream Masked(Stream answer) => IsMasked ? new MaskedStream(answer, Encoding.UTF8.GetBytes(Secret)) : answer;

    /// <summary>A text of the answer's head without the secret.</summary>
    public string Masked(string text) => IsMasked ? text.Replace(Secret, new string('*', Secret.Length), StringComparison.Ordinal) : text;

    public override string ToString() => Header;
}
