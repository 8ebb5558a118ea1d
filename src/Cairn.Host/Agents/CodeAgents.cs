using System.Reflection;
using System.Runtime.Loader;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// Loads a code agent from an assembly that a .NET developer built against the Sdk. It is the user's own code and runs
/// in this process with the user's rights; what it does to a repository goes through syscalls all the same.
/// </summary>
public static class CodeAgents
{
    /// <summary>Loads the agent of an assembly.</summary>
    /// <param name="assembly">Path of the .dll; :NAME after it picks one class when there are several.</param>
    /// <exception cref="UserException">When there is no such file or agent; the text names those that are there.</exception>
    public static ICodeAgent Load(string assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        var colon = assembly.LastIndexOf(':');
        var (file, name) = colon > 0 && !File.Exists(assembly) ? (assembly[..colon], assembly[(colon + 1)..]) : (assembly, null);
        var path = Path.GetFullPath(file);
        if (!File.Exists(path))
        {
            throw new UserException($"There is no assembly {path}: build the agent's project first, then give its .dll.");
        }

        List<Type> agents;
        try
        {
            agents = [.. new PluginContext(path).LoadFromAssemblyPath(path).GetExportedTypes()
                .Where(t => !t.IsAbstract && typeof(ICodeAgent).IsAssignableFrom(t) && t.GetConstructor(Type.EmptyTypes) is not null)];
        }
        catch (Exception e) when (e is BadImageFormatException or FileLoadException or FileNotFoundException or TypeLoadException)
        {
            throw new UserException($"{path} cannot be loaded as a .NET assembly: {e.Message}", e);
        }

        var found = agents.Where(t => name is null || t.Name == name).ToList();
        return found.Count == 1
            ? (ICodeAgent)Activator.CreateInstance(found[0])!
            : throw new UserException(agents.Count == 0
                ? $"{path} holds no public class that implements ICodeAgent and has a constructor without parameters."
                : $"{path} holds the agents {string.Join(", ", agents.Select(t => t.Name))}: name one as {file}:NAME.");
    }

    /// <summary>The agent's own libraries come from its folder; Cairn's come from this process, so that types agree.</summary>
    private sealed class PluginContext(string path) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(path))
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName name) =>
            name.Name is "Cairn.Sdk" or "Cairn.Abstractions" || _resolver.ResolveAssemblyToPath(name) is not { } file
                ? null
                : LoadFromAssemblyPath(file);
    }
}
