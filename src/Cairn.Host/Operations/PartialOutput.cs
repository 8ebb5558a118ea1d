using System.Text;

namespace Cairn.Host;

/// <summary>What a tool has printed so far: the beginning of it, for the record of a call that is cut off.</summary>
internal sealed class PartialOutput
{
    private const int MaxCharacters = 64 * 1024;
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();

    public string Text
    {
        get
        {
            lock (_gate)
            {
                return _text.ToString();
            }
        }
    }

    public void Add(string text)
    {
        lock (_gate)
        {
            _text.Append(text, 0, Math.Min(text.Length, MaxCharacters - _text.Length));
        }
    }
}
