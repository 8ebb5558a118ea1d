using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Cairn.Tests.Architecture;

/// <summary>What compiled code refers to: in signatures, in bodies and in between.</summary>
internal static class IntermediateCode
{
    /// <summary>Types with all that is nested in them.</summary>
    public static IEnumerable<TypeDefinition> WithNested(IEnumerable<TypeDefinition> types) =>
        types.SelectMany(type => WithNested(type.NestedTypes).Prepend(type));

    /// <summary>Each reference of a type, as (place, type, member or null).</summary>
    public static IEnumerable<Reference> References(TypeDefinition type)
    {
        var signature = new List<TypeReference?> { type.BaseType };
        signature.AddRange(type.Interfaces.Select(implemented => implemented.InterfaceType));
        signature.AddRange(type.Fields.Select(field => field.FieldType));
        foreach (var reference in signature.SelectMany(Parts))
        {
            yield return new Reference(type.FullName, reference, null);
        }

        foreach (var reference in type.Methods.SelectMany(References))
        {
            yield return reference;
        }
    }

    private static IEnumerable<Reference> References(MethodDefinition method)
    {
        var place = $"{method.DeclaringType.FullName}.{method.Name}";
        var types = new List<TypeReference?> { method.ReturnType };
        types.AddRange(method.Parameters.Select(parameter => parameter.ParameterType));
        if (method.HasBody)
        {
            types.AddRange(method.Body.Variables.Select(variable => variable.VariableType));
            types.AddRange(method.Body.ExceptionHandlers.Select(handler => handler.CatchType));
        }

        foreach (var part in types.SelectMany(Parts))
        {
            yield return new Reference(place, part, null);
        }

        foreach (var instruction in method.HasBody ? method.Body.Instructions : [])
        {
            foreach (var reference in Operands(instruction))
            {
                yield return reference with { Place = place };
            }
        }
    }

    private static IEnumerable<Reference> Operands(Instruction instruction)
    {
        switch (instruction.Operand)
        {
            case TypeReference type:
                return Parts(type).Select(part => new Reference("", part, null));
            case FieldReference field:
                return Parts(field.DeclaringType).Concat(Parts(field.FieldType)).Select(part => new Reference("", part, field.Name));
            case MethodReference method:
                var arguments = method is GenericInstanceMethod generic ? generic.GenericArguments.SelectMany(Parts) : [];
                var rest = arguments.Concat(Parts(method.ReturnType)).Concat(method.Parameters.SelectMany(each => Parts(each.ParameterType)));
                return Parts(method.DeclaringType).Select(part => new Reference("", part, method.Name))
                    .Concat(rest.Select(part => new Reference("", part, null)));
            default:
                return [];
        }
    }

    /// <summary>A type and the types that it is made of: elements, generic arguments, modifiers.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference? type)
    {
        if (type is null or GenericParameter)
        {
            yield break;
        }

        if (type is GenericInstanceType generic)
        {
            foreach (var part in generic.GenericArguments.SelectMany(Parts))
            {
                yield return part;
            }
        }

        if (type is TypeSpecification specification)
        {
            foreach (var part in Parts(specification.ElementType))
            {
                yield return part;
            }
        }
        else
        {
            yield return type;
        }
    }

    /// <summary>A use of a type or of one of its members.</summary>
    public sealed record Reference(string Place, TypeReference Type, string? Member);
}
