using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Cairn.Memory.Indexing;

/// <summary>Reads C# with its own compiler's parser.</summary>
internal sealed class CSharpExtractor : CSharpSyntaxWalker
{
    private readonly List<Entity> _entities = [];
    private readonly List<Mention> _mentions = [];
    private readonly Stack<string> _inside = new();

    public static (List<Entity> Entities, List<Mention> Mentions) Extract(string text, CancellationToken cancellationToken)
    {
        var extractor = new CSharpExtractor();
        extractor.Visit(CSharpSyntaxTree.ParseText(text, cancellationToken: cancellationToken).GetRoot(cancellationToken));
        return (extractor._entities, extractor._mentions);
    }

    public override void VisitClassDeclaration(ClassDeclarationSyntax node) => Type(node, "Class", () => base.VisitClassDeclaration(node));

    public override void VisitStructDeclaration(StructDeclarationSyntax node) => Type(node, "Class", () => base.VisitStructDeclaration(node));

    public override void VisitRecordDeclaration(RecordDeclarationSyntax node) => Type(node, "Class", () => base.VisitRecordDeclaration(node));

    public override void VisitInterfaceDeclaration(InterfaceDeclarationSyntax node) => Type(node, "Interface", () => base.VisitInterfaceDeclaration(node));

    public override void VisitEnumDeclaration(EnumDeclarationSyntax node) => Type(node, "Type", () => base.VisitEnumDeclaration(node));

    public override void VisitDelegateDeclaration(DelegateDeclarationSyntax node) =>
        Member(node, "Type", node.Identifier.Text, $"{node.ReturnType} {node.Identifier}{node.ParameterList}", () => base.VisitDelegateDeclaration(node));

    public override void VisitMethodDeclaration(MethodDeclarationSyntax node) =>
        Member(node, "Method", node.Identifier.Text, $"{node.ReturnType} {node.Identifier}{node.TypeParameterList}{node.ParameterList}", () => base.VisitMethodDeclaration(node));

    public override void VisitConstructorDeclaration(ConstructorDeclarationSyntax node) =>
        Member(node, "Method", node.Identifier.Text, $"{node.Identifier}{node.ParameterList}", () => base.VisitConstructorDeclaration(node));

    public override void VisitLocalFunctionStatement(LocalFunctionStatementSyntax node) =>
        Member(node, "Function", node.Identifier.Text, $"{node.ReturnType} {node.Identifier}{node.ParameterList}", () => base.VisitLocalFunctionStatement(node));

    public override void VisitPropertyDeclaration(PropertyDeclarationSyntax node) =>
        Member(node, "Property", node.Identifier.Text, $"{node.Type} {node.Identifier}", () => base.VisitPropertyDeclaration(node));

    public override void VisitFieldDeclaration(FieldDeclarationSyntax node)
    {
        foreach (var variable in node.Declaration.Variables)
        {
            Add(node, "Variable", variable.Identifier.Text, $"{node.Declaration.Type} {variable.Identifier}");
        }

        base.VisitFieldDeclaration(node);
    }

    public override void VisitEnumMemberDeclaration(EnumMemberDeclarationSyntax node) => Add(node, "Variable", node.Identifier.Text, node.Identifier.Text);

    public override void VisitUsingDirective(UsingDirectiveSyntax node)
    {
        if (node.Name is { } name)
        {
            Mention("IMPORTS", name.ToString(), "Namespace", node);
        }
    }

    public override void VisitFileScopedNamespaceDeclaration(FileScopedNamespaceDeclarationSyntax node)
    {
        Add(node, "Namespace", node.Name.ToString(), "");
        base.VisitFileScopedNamespaceDeclaration(node);
    }

    public override void VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        var name = node.Expression switch
        {
            MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax of } member => $"{of.Identifier.Text}.{member.Name.Identifier.Text}",
            MemberAccessExpressionSyntax { Expression: PredefinedTypeSyntax } => "",
            MemberAccessExpressionSyntax member => member.Name.Identifier.Text,
            MemberBindingExpressionSyntax binding => binding.Name.Identifier.Text,
            SimpleNameSyntax simple => simple.Identifier.Text,
            _ => "",
        };
        if (name.Length > 0 && name != "nameof")
        {
            Mention("CALLS", name, "Method|Function", node);
        }

        base.VisitInvocationExpression(node);
    }

    public override void VisitObjectCreationExpression(ObjectCreationExpressionSyntax node)
    {
        Mention("USES", Simple(node.Type), "Class|Interface|Type", node);
        base.VisitObjectCreationExpression(node);
    }

    public override void VisitLiteralExpression(LiteralExpressionSyntax node)
    {
        if (node.IsKind(SyntaxKind.StringLiteralExpression))
        {
            _mentions.AddRange(TextMentions.Of(node.Token.ValueText, Inside, LineOf(node)));
            if (node.Parent?.Parent?.Parent is InvocationExpressionSyntax call && call.Expression.ToString().EndsWith("GetEnvironmentVariable", StringComparison.Ordinal))
            {
                Mention("READS", node.Token.ValueText, "EnvVar", node);
            }
        }
    }

    private string Inside => _inside.Count == 0 ? "" : _inside.Peek();

    private static int LineOf(SyntaxNode node) => node.SyntaxTree.GetLineSpan(node.Span).StartLinePosition.Line + 1;

    private static string Simple(TypeSyntax type) => type switch
    {
        GenericNameSyntax generic => generic.Identifier.Text,
        QualifiedNameSyntax qualified => Simple(qualified.Right),
        NullableTypeSyntax nullable => Simple(nullable.ElementType),
        _ => type.ToString(),
    };

    private void Mention(string type, string target, string kinds, SyntaxNode node) => _mentions.Add(new(type, Inside, target, kinds, LineOf(node)));

    private void Type(BaseTypeDeclarationSyntax node, string kind, Action visit)
    {
        Member(node, kind, node.Identifier.Text, $"{node.Modifiers} {node.Identifier}{node.BaseList}".Trim(), () =>
        {
            foreach (var parent in node.BaseList?.Types ?? [])
            {
                Mention("INHERITS", Simple(parent.Type), "Class|Interface|Type", parent);
            }

            visit();
        });
    }

    private void Member(SyntaxNode node, string kind, string name, string text, Action visit)
    {
        var entity = Add(node, kind, name, text);
        _inside.Push(entity.FullName);
        visit();
        _inside.Pop();
    }

    private Entity Add(SyntaxNode node, string kind, string name, string text)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        var summary = node.GetLeadingTrivia().ToFullString();
        var entity = new Entity(kind, name, Inside, span.StartLinePosition.Line + 1, span.EndLinePosition.Line + 1, text.Length > 400 ? text[..400] : text);
        if (summary.Contains("///", StringComparison.Ordinal))
        {
            entity = entity with { Properties = new Dictionary<string, string> { ["doc"] = Doc(summary) } };
        }

        _entities.Add(entity);
        return entity;
    }

    private static string Doc(string trivia)
    {
        var text = string.Join(' ', trivia.Split('\n').Select(line => line.Trim().TrimStart('/').Trim()).Where(line => line.Length > 0))
            .Replace("<summary>", "", StringComparison.Ordinal).Replace("</summary>", "", StringComparison.Ordinal).Trim();
        return text.Length > 400 ? text[..400] : text;
    }
}
