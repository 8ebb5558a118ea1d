namespace Cairn.Models;

/// <summary>What stands around an answer.</summary>
/// <param name="Id">Its id, without a format's prefix.</param>
/// <param name="Created">Seconds since 1970.</param>
/// <param name="Model">The model's name as the client knows it.</param>
/// <param name="CustomTools">Tools that take free text; their calls say so where the format can.</param>
internal sealed record AnswerFrame(string Id, long Created, string Model, IReadOnlySet<string> CustomTools);
