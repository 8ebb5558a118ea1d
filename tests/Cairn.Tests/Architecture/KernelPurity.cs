using Mono.Cecil;

namespace Cairn.Tests.Architecture;

/// <summary>
/// The kernel is a pure function: its code reaches no clock, no chance, no thread, no disk, no process and no network, and
/// keeps nothing between calls. Checked on compiled code, which no alias, extension or generator can hide from.
/// </summary>
internal static class KernelPurity
{
    /// <summary>Namespaces of which nothing may be used, but for <see cref="PureTypes"/>.</summary>
    private static readonly string[] BannedNamespaces = ["System.Threading", "System.Net", "System.IO", "Microsoft.Win32"];

    private static readonly HashSet<string> PureTypes =
    [
        "System.IO.Stream", "System.IO.MemoryStream", "System.IO.IOException", "System.IO.InvalidDataException",
        "System.IO.EndOfStreamException", "System.IO.TextReader", "System.IO.TextWriter", "System.IO.StringReader",
        "System.IO.StringWriter", "System.IO.Path",
    ];

    private static readonly HashSet<string> BannedTypes =
    [
        "System.Random", "System.Environment", "System.Console", "System.TimeProvider", "System.AppContext", "System.AppDomain",
        "System.GC", "System.Diagnostics.Process", "System.Diagnostics.ProcessStartInfo", "System.Diagnostics.Stopwatch",
        "System.Security.Cryptography.RandomNumberGenerator", "System.Runtime.InteropServices.NativeLibrary",
    ];

    private static readonly HashSet<string> BannedMembers =
    [
        "System.Guid.NewGuid", "System.Guid.CreateVersion7",
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.TimeZoneInfo.get_Local",
        "System.IO.Path.GetFullPath", "System.IO.Path.GetTempPath", "System.IO.Path.GetTempFileName",
        "System.IO.Path.GetRandomFileName", "System.IO.Path.Exists",
    ];

    private static readonly HashSet<string> ImmutableTypes =
    [
        "System.String", "System.Decimal", "System.Guid", "System.DateTime", "System.DateTimeOffset", "System.TimeSpan",
        "System.Type", "System.Version", "System.Uri", "System.StringComparer", "System.Text.Encoding", "System.Text.UTF8Encoding",
        "System.Text.CompositeFormat", "System.Text.RegularExpressions.Regex", "System.Buffers.SearchValues`1",
        "System.Nullable`1", "System.ReadOnlyMemory`1", "System.Range", "System.Index", "System.Text.Json.JsonEncodedText",
    ];

    /// <summary>What is impure in some types and in all that is nested in them.</summary>
    public static IEnumerable<string> Check(IEnumerable<TypeDefinition> types)
    {
        foreach (var type in IntermediateCode.WithNested(types))
        {
            foreach (var found in IntermediateCode.References(type).Where(IsImpure))
            {
                yield return $"{found.Place} uses {found.Type.FullName}{(found.Member is null ? "" : $".{found.Member}")}";
            }

            foreach (var method in type.Methods.Where(method => method.IsPInvokeImpl))
            {
                yield return $"{type.FullName}.{method.Name} calls native code";
            }

            foreach (var field in type.Fields.Where(IsMutableState))
            {
                yield return $"{field.FullName} is state: a static field must be const, or readonly and of an immutable type";
            }
        }
    }

    private static bool IsImpure(IntermediateCode.Reference reference)
    {
        var name = reference.Type.FullName;
        var space = reference.Type.Namespace;
        return (BannedTypes.Contains(name) && !IsIteratorsOwnCheck(reference))
            || (BannedNamespaces.Any(banned => space == banned || space.StartsWith(banned + ".", StringComparison.Ordinal)) && !PureTypes.Contains(name))
            || (reference.Member is not null && BannedMembers.Contains($"{name}.{reference.Member}"));
    }

    /// <summary>The class that the compiler makes of a `yield` asks whether its first reader is on the thread that made it.</summary>
    private static bool IsIteratorsOwnCheck(IntermediateCode.Reference reference) =>
        reference is { Member: "get_CurrentManagedThreadId", Type.FullName: "System.Environment" }
        && reference.Place.Contains(">d__", StringComparison.Ordinal);

    private static bool IsMutableState(FieldDefinition field) =>
        field.IsStatic && !field.IsLiteral && !IsLambdaCache(field) && !IsJsonMetadata(field) && !(field.IsInitOnly && IsImmutable(field.FieldType, []));

    /// <summary>
    /// The compiler keeps delegates of lambdas (in `&lt;&gt;c`) and of method groups (in `&lt;&gt;O`) and the bytes of constant
    /// arrays; no code of ours can name a type that begins so. They hold nothing that a caller gave.
    /// </summary>
    private static bool IsLambdaCache(FieldDefinition field) =>
        field.DeclaringType.Name is "<>c" or "<>O" || field.DeclaringType.Name.StartsWith("<>c__", StringComparison.Ordinal)
        || field.DeclaringType.Name.StartsWith("<>O__", StringComparison.Ordinal)
        || (field.DeclaringType.Name.StartsWith("<PrivateImplementationDetails>", StringComparison.Ordinal) && field.IsInitOnly);

    /// <summary>The two fields in which the JSON generator keeps what it worked out about our types: the same for every caller.</summary>
    private static bool IsJsonMetadata(FieldDefinition field) =>
        field.DeclaringType.BaseType?.FullName == "System.Text.Json.Serialization.JsonSerializerContext"
        && field is { IsInitOnly: true, Name: "s_defaultOptions" or "<Default>k__BackingField" };

    private static bool IsImmutable(TypeReference type, HashSet<string> open)
    {
        if (type.IsPrimitive || type is GenericParameter || !open.Add(type.FullName))
        {
            return true;
        }

        if (type is GenericInstanceType generic && !generic.GenericArguments.All(argument => IsImmutable(argument, open)))
        {
            return false;
        }

        if (type is ArrayType or PointerType or ByReferenceType)
        {
            return false;
        }

        var element = type.GetElementType();
        if (ImmutableTypes.Contains(element.FullName)
            || element.Namespace is "System.Collections.Frozen" || (element.Namespace is "System.Collections.Immutable" && !element.Name.Contains("Builder", StringComparison.Ordinal)))
        {
            return true;
        }

        return element.Resolve() is { } definition
            && (definition.IsEnum || definition.BaseType?.FullName == "System.MulticastDelegate" || HoldsOnlyImmutables(definition, open));
    }

    private static bool HoldsOnlyImmutables(TypeDefinition type, HashSet<string> open) =>
        !type.IsInterface
        && type.FullName != "System.Object"
        && type.Fields.Where(field => !field.IsStatic).All(field => field.IsInitOnly && IsImmutable(field.FieldType, open))
        && (type.BaseType is null or { FullName: "System.Object" or "System.ValueType" } || IsImmutable(type.BaseType, open));
}
