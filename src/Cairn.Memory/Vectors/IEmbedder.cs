namespace Cairn.Memory.Vectors;

/// <summary>Turns texts into vectors whose angle says how much the texts have in common.</summary>
public interface IEmbedder
{
    /// <summary>Names it and its version: vectors of different embedders cannot be compared.</summary>
    string Name { get; }

    /// <summary>Numbers in a vector.</summary>
    int Dimensions { get; }

    /// <summary>The vectors of texts, in their order, each of length 1 (or 0 for a text without content).</summary>
    Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken);
}
