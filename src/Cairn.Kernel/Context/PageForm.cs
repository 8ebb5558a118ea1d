namespace Cairn.Kernel;

/// <summary>How much of a tool's answer stands in the prompt.</summary>
public enum PageForm : byte
{
    /// <summary>All of it.</summary>
    Whole,

    /// <summary>Its summary, which says what it leaves out.</summary>
    Brief,

    /// <summary>Its address, by which it can be brought back.</summary>
    Stub,
}
