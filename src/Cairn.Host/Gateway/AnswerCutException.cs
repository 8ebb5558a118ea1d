namespace Cairn.Host;

/// <summary>Ends a request whose answer is under way so that nobody can take it for whole; meant for the server alone.</summary>
internal sealed class AnswerCutException() : Exception("The answer was cut off.");
