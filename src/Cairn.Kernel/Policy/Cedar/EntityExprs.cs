using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>x in y: y is an entity or a set of them.</summary>
internal sealed class InExpr(Expr left, Expr right) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        if (left.Evaluate(e) is not { } a || right.Evaluate(e) is not { } b || e.As<EntityValue>(a, "entity") is not { } entity)
        {
            return null;
        }

        switch (b)
        {
            case EntityValue other:
                return CedarValue.Of(entity.Uid == other.Uid || e.Entities.WithAncestors(entity.Uid).Contains(other.Uid));
            case SetValue set:
                var found = false;
                List<EntityUid>? ancestors = null;
                foreach (var item in set.Items)
                {
                    if (e.As<EntityValue>(item, "entity") is not { } member)
                    {
                        return null;
                    }

                    found = found || member.Uid == entity.Uid || (ancestors ??= e.Entities.WithAncestors(entity.Uid)).Contains(member.Uid);
                }

                return CedarValue.Of(found);
            default:
                return e.Wrong("entity or set of entities", b);
        }
    }
}

/// <summary>x is T, x is T in y.</summary>
internal sealed class IsExpr(Expr operand, string type) : Expr
{
    public override CedarValue? Evaluate(Evaluation e) =>
        operand.Evaluate(e) is { } value && e.As<EntityValue>(value, "entity") is { } entity ? CedarValue.Of(entity.Uid.Type == type) : null;
}

/// <summary>x.name, x["name"]: of a record or an entity.</summary>
internal sealed class AttributeExpr(Expr operand, string name) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        switch (operand.Evaluate(e))
        {
            case null:
                return null;
            case RecordValue record:
                return record.Find(name) ?? e.Fail($"the record has no attribute {CedarText.Quote(name)}");
            case EntityValue value:
                if (e.Find(value) is not { } entity)
                {
                    return e.Fail($"there is no entity {value.Uid}");
                }

                return entity.Attributes.Find(name) ?? e.Fail($"{value.Uid} has no attribute {CedarText.Quote(name)}");
            case { } other:
                return e.Wrong("record or entity", other);
        }
    }
}

/// <summary>x has a.b.c: each name exists in what the one before it led to. An unknown entity has nothing.</summary>
internal sealed class HasExpr(Expr operand, ImmutableArray<string> names) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        var value = operand.Evaluate(e);
        foreach (var name in names)
        {
            switch (value)
            {
                case null:
                    return null;
                case RecordValue record:
                    value = record.Find(name);
                    break;
                case EntityValue uid:
                    value = e.Find(uid)?.Attributes.Find(name);
                    break;
                default:
                    return e.Wrong("record or entity", value);
            }

            if (value is null)
            {
                return BoolValue.False;
            }
        }

        return BoolValue.True;
    }
}

/// <summary>x.hasTag(y), x.getTag(y).</summary>
internal sealed class TagExpr(Expr operand, Expr tag, bool get) : Expr
{
    public override CedarValue? Evaluate(Evaluation e)
    {
        if (operand.Evaluate(e) is not { } a || tag.Evaluate(e) is not { } b
            || e.As<EntityValue>(a, "entity") is not { } uid || e.As<StringValue>(b, "string") is not { } name)
        {
            return null;
        }

        var entity = e.Find(uid);
        var value = entity?.Tags.Find(name.Value);
        if (!get)
        {
            return CedarValue.Of(value is not null);
        }

        return value ?? e.Fail(entity is null ? $"there is no entity {uid.Uid}" : $"{uid.Uid} has no tag {name}");
    }
}

/// <summary>x like "a*b".</summary>
internal sealed class LikeExpr(Expr operand, LikePattern pattern) : Expr
{
    public override CedarValue? Evaluate(Evaluation e) =>
        operand.Evaluate(e) is { } value && e.As<StringValue>(value, "string") is { } text ? CedarValue.Of(pattern.Matches(text.Value)) : null;
}
