using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Cairn.Tests.Architecture;

/// <summary>
/// How many lines methods take, from their first to their last statement, as the compiler noted it in the symbols. Lambdas
/// count where they stand; async methods and iterators count as written.
/// </summary>
internal static class MethodLength
{
    public const int Most = 60;

    public static IEnumerable<string> TooLong(IEnumerable<TypeDefinition> types) =>
        IntermediateCode.WithNested(types)
            .SelectMany(type => type.Methods)
            .Select(method => (Method: method, Lines: Lines(method)))
            .Where(each => each.Lines > Most)
            .Select(each => $"{each.Method.DeclaringType.FullName}.{each.Method.Name} takes {each.Lines} lines; at most {Most}.");

    private static int Lines(MethodDefinition method)
    {
        // Static constructors are the tables of their type: long, and no logic.
        if (!method.HasBody || !method.DebugInformation.HasSequencePoints || (method.IsConstructor && method.IsStatic))
        {
            return 0;
        }

        var from = method.IsConstructor ? AfterInitializers(method) : 0;
        var points = method.DebugInformation.SequencePoints
            .Where(point => !point.IsHidden && point.Offset >= from && !point.Document.Url.Contains("/obj/", StringComparison.Ordinal))
            .ToList();
        return points.Count == 0 ? 0 : points.Max(point => point.EndLine) - points.Min(point => point.StartLine) + 1;
    }

    /// <summary>Initializers of fields, which may stand anywhere in the type, come before the call of the other constructor.</summary>
    private static int AfterInitializers(MethodDefinition method) =>
        method.Body.Instructions
            .FirstOrDefault(instruction => instruction.OpCode == OpCodes.Call && instruction.Operand is MethodReference { Name: ".ctor" })
            ?.Offset ?? 0;
}
