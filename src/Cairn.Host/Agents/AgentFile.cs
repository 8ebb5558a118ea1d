using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Tools;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Cairn.Host;

/// <summary>Bad input of a user: the text names the thing, the place and the mend.</summary>
public sealed class UserException(string message, Exception? inner = null) : Cairn.Sdk.CairnException(message, inner);

/// <summary>Reads an agent file: role, prompt, tools and limits in YAML.</summary>
public static class AgentFile
{
    private const int MaxBytes = 256 * 1024;

    /// <summary>A month: longer than any run, and within what a timer can count.</summary>
    private const int MaxMinutes = 31 * 24 * 60;

    /// <summary>A century.</summary>
    internal const int MaxKeepDays = 36_525;

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="UserException">When it cannot be read or says something unknown; the text names file and line.</exception>
    public static AgentProfile Read(string path, IToolRegistry tools)
    {
        ArgumentNullException.ThrowIfNull(tools);
        string text;
        try
        {
            var info = new FileInfo(path);
            if (info.Exists && info.Length > MaxBytes)
            {
                throw new UserException($"{path}: an agent file may have at most {MaxBytes} bytes, this one has {info.Length}.");
            }

            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The agent file {path} cannot be read: {e.Message}", e);
        }

        return Parse(path, text, tools);
    }

    private static AgentProfile Parse(string path, string text, IToolRegistry tools)
    {
        Shape shape;
        try
        {
            shape = new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance)
                .WithDuplicateKeyChecking().Build().Deserialize<Shape?>(text) ?? new Shape();
        }
        catch (YamlException e)
        {
            throw new UserException(
                $"{path}, line {e.Start.Line}: {Problem(e)} Known keys: name, role, prompt, tools, mcp, network, language_servers, model, judge, merge, policy, context, grounding, "
                + "limits (steps, tokens, usd, minutes, errors_in_a_row, judge_rounds), "
                + "sandbox (memory_mb, pids, open_files, file_mb, disk_mb, output_kb, seconds, cpu_seconds, profile), retention (keep_days).", e);
        }

        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var manifests = (shape.Tools ?? []).Where(AgentDevices.IsManifest).Select(t => AgentDevices.Manifest(Path.Combine(directory, t))).ToList();
        var named = (shape.Tools ?? []).Where(t => !AgentDevices.IsManifest(t)).ToList();
        var unknown = named.Where(t => tools.Find(t) is null && !RunTools.Conditional.Contains(t)).ToList();
        if (unknown.Count > 0)
        {
            throw new UserException($"{path}: unknown tools {string.Join(", ", unknown)}. There are: {string.Join(", ", tools.Tools.Select(t => t.Descriptor.Name))}.");
        }

        if (shape.Merge is not null && !Enum.TryParse<MergeMode>(shape.Merge, ignoreCase: true, out _))
        {
            throw new UserException($"{path}: merge is '{shape.Merge}'; it may be auto, ask or never.");
        }

        var coder = AgentProfile.Coder();
        var role = shape.Role is null ? "" : $"\n\nYour role: {shape.Role.Trim()}";
        return coder with
        {
            Name = shape.Name ?? Path.GetFileNameWithoutExtension(path),
            Prompt = (shape.Prompt?.Trim() ?? coder.Prompt) + role,
            Tools = [.. named, .. manifests.Select(m => m.Name)],
            Devices = new RunDevices
            {
                Tools = [.. manifests],
                Servers = AgentDevices.Servers(path, shape.Mcp),
                Network = AgentDevices.Network(path, shape.Network),
                Languages = LanguageSection.Read(path, shape.LanguageServers),
            },
            Model = shape.Model,
            Judge = shape.Judge,
            Merge = shape.Merge is null ? null : Enum.Parse<MergeMode>(shape.Merge, ignoreCase: true),
            Policy = PolicyFiles.Load(shape.Policy, directory),
            ContextPolicy = ContextPolicyOf(path, shape.Context),
            Grounding = GroundingOf(path, shape.Grounding),
            Limits = Limits(path, shape.Limits) with { Command = SandboxSection.Read(path, shape.Sandbox) },
            KeepDays = KeepDays(path, shape.Retention),
        };
    }

    /// <summary>The reader's own words name .NET types, which say nothing to who writes an agent file.</summary>
    private static string Problem(YamlException e)
    {
        var message = e.InnerException?.Message ?? e.Message;
        if (message.StartsWith("Property '", StringComparison.Ordinal))
        {
            return $"unknown key '{message.Split('\'')[1]}'.";
        }

        return message.Contains(nameof(Cairn), StringComparison.Ordinal) || message.Contains("System.", StringComparison.Ordinal)
            ? "this is not of the form that an agent file has: keys with their values."
            : message;
    }

    private static string? ContextPolicyOf(string path, string? name) => name is null || Kernel.ContextPolicy.Names.Contains(name) ? name
        : throw new UserException($"{path}: context is '{name}'; it may be {string.Join(", ", Kernel.ContextPolicy.Names)}.");

    private static GroundingMode? GroundingOf(string path, string? mode) => mode switch
    {
        null => null,
        "warn" => GroundingMode.Warn,
        "block" => GroundingMode.Block,
        "off" => GroundingMode.Off,
        _ => throw new UserException($"{path}: grounding is '{mode}'; it may be warn, block or off."),
    };

    private static int? KeepDays(string path, RetentionShape? shape) => shape?.KeepDays is null or (>= 0 and <= MaxKeepDays) ? shape?.KeepDays
        : throw new UserException($"{path}: keep_days may be 0 to {MaxKeepDays}.");

    private static RunLimits Limits(string path, LimitShape? shape)
    {
        var limits = new RunLimits();
        if (shape is null)
        {
            return limits;
        }

        double?[] numbers = [shape.Steps, shape.Tokens, (double?)shape.Usd, shape.Minutes, shape.ErrorsInARow, shape.JudgeRounds];
        if (numbers.Any(n => n is not null && !(n > 0)))
        {
            throw new UserException($"{path}: limits must be greater than 0.");
        }

        if (shape.Minutes > MaxMinutes)
        {
            throw new UserException($"{path}: minutes may be at most {MaxMinutes}.");
        }

        return limits with
        {
            Steps = shape.Steps ?? limits.Steps,
            Tokens = shape.Tokens,
            Usd = shape.Usd,
            Wall = shape.Minutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
            ErrorsInARow = shape.ErrorsInARow ?? limits.ErrorsInARow,
            JudgeRounds = shape.JudgeRounds ?? limits.JudgeRounds,
        };
    }

    private sealed class Shape
    {
        public string? Name { get; set; }

        public string? Role { get; set; }

        public string? Prompt { get; set; }

        public List<string>? Tools { get; set; }

        public Dictionary<string, McpShape?>? Mcp { get; set; }

        public List<object>? Network { get; set; }

        public object? LanguageServers { get; set; }

        public string? Model { get; set; }

        public string? Judge { get; set; }

        public string? Merge { get; set; }

        public string? Policy { get; set; }

        public string? Context { get; set; }

        public string? Grounding { get; set; }

        public LimitShape? Limits { get; set; }

        public SandboxSection? Sandbox { get; set; }

        public RetentionShape? Retention { get; set; }
    }

    private sealed class RetentionShape
    {
        public int? KeepDays { get; set; }
    }

    private sealed class LimitShape
    {
        public int? Steps { get; set; }

        public long? Tokens { get; set; }

        public decimal? Usd { get; set; }

        public double? Minutes { get; set; }

        public int? ErrorsInARow { get; set; }

        public int? JudgeRounds { get; set; }
    }
}
