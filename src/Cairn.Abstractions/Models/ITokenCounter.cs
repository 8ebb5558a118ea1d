namespace Cairn.Abstractions;

/// <summary>Counts tokens exactly as a family of models does. Safe for use by many threads.</summary>
public interface ITokenCounter
{
    /// <summary>The encoding's name: o200k_base, cl100k_base.</summary>
    string Encoding { get; }

    /// <summary>The tokens of a text; special tokens count as the plain text that they are written as.</summary>
    int Count(string text);
}
