using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cairn.Memory.Indexing;

/// <summary>Reads Compose files, Kubernetes manifests, CI workflows and package.json.</summary>
internal static class YamlExtractor
{
    private const int MaxLength = 512 * 1024;

    private static readonly string[] PackageGroups = ["dependencies", "devDependencies", "scripts"];

    public static (List<Entity> Entities, List<Mention> Mentions) Extract(string path, SourceText source)
    {
        var (entities, mentions) = (new List<Entity>(), new List<Mention>());
        if (source.Text.Length > MaxLength)
        {
            return (entities, mentions);
        }

        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(source.Text));
            foreach (var root in stream.Documents.Select(document => document.RootNode).OfType<YamlMappingNode>())
            {
                Read(path, root, entities, mentions);
            }
        }
        catch (YamlException)
        {
            // What cannot be read (a template, say) has no facts; its words are still found.
        }

        return (entities, mentions);
    }

    private static void Read(string path, YamlMappingNode root, List<Entity> entities, List<Mention> mentions)
    {
        if (Child(root, "services") is YamlMappingNode services)
        {
            foreach (var (key, value) in services.Children)
            {
                var name = Text(key);
                Add(entities, "Service", name, key, Text(Child(value, "image")));
                foreach (var other in Names(Child(value, "depends_on")))
                {
                    mentions.Add(new("DEPENDS_ON", name, other, "Service", Line(value)));
                }

                foreach (var variable in Names(Child(value, "environment")).Select(each => each.Split('=')[0]))
                {
                    Add(entities, "EnvVar", variable, value, variable);
                    mentions.Add(new("READS", name, variable, "EnvVar", Line(value)));
                }
            }
        }

        if (Text(Child(root, "kind")) is { Length: > 0 } kind && Child(root, "apiVersion") is not null)
        {
            var name = Text(Child(Child(root, "metadata"), "name"));
            Add(entities, kind is "Service" or "Deployment" or "ConfigMap" or "Secret" or "Ingress" or "CronJob" ? kind : "Manifest", name, root, kind);
        }

        if (Child(root, "jobs") is YamlMappingNode jobs && path.Contains(".github/workflows/", StringComparison.Ordinal))
        {
            foreach (var (key, value) in jobs.Children)
            {
                Add(entities, "Job", Text(key), key, Text(Child(value, "runs-on")));
                mentions.AddRange(Names(Child(value, "needs")).Select(other => new Mention("DEPENDS_ON", Text(key), other, "Job", Line(value))));
            }
        }

        foreach (var group in path.EndsWith("package.json", StringComparison.Ordinal) ? PackageGroups : [])
        {
            foreach (var (key, value) in Child(root, group) is YamlMappingNode map ? map.Children.AsEnumerable() : [])
            {
                Add(entities, group == "scripts" ? "Script" : "Package", Text(key), key, Text(value));
            }
        }
    }

    private static void Add(List<Entity> entities, string kind, string name, YamlNode at, string text)
    {
        if (name.Length > 0)
        {
            entities.Add(new(kind, name, "", Line(at), Line(at), text));
        }
    }

    private static int Line(YamlNode node) => Math.Max(1, (int)node.Start.Line);

    private static string Text(YamlNode? node) => (node as YamlScalarNode)?.Value ?? "";

    private static YamlNode? Child(YamlNode? node, string name) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;

    private static IEnumerable<string> Names(YamlNode? node) => node switch
    {
        YamlSequenceNode list => list.Children.Select(Text).Where(text => text.Length > 0),
        YamlMappingNode map => map.Children.Keys.Select(Text).Where(text => text.Length > 0),
        YamlScalarNode { Value: { Length: > 0 } value } => [value],
        _ => [],
    };
}
