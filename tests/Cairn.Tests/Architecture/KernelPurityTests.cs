using System.Collections.Immutable;
using Mono.Cecil;

#pragma warning disable CA1823, CA1805, CA2211, CA1802, CS0414, CS0169, IDE0044, CA5394, CA1822 // Bad on purpose: these are the samples.

namespace Cairn.Tests.Architecture;

public sealed class KernelPurityTests
{
    [Fact]
    public void The_kernel_is_pure()
    {
        using var module = SourceTree.Projects("src").Single(project => project.Name == "Cairn.Kernel").Open();
        SourceTree.AssertNone(KernelPurity.Check(module.Types));
    }

    [Theory]
    [InlineData(nameof(Bad.Clock), "System.DateTimeOffset.get_UtcNow")]
    [InlineData(nameof(Bad.Chance), "System.Guid.NewGuid")]
    [InlineData(nameof(Bad.Dice), "System.Random")]
    [InlineData(nameof(Bad.Asynchronous), "System.Threading.Tasks.Task")]
    [InlineData(nameof(Bad.Threaded), "System.Threading.Thread")]
    [InlineData(nameof(Bad.Ticking), "System.Threading.Timer")]
    [InlineData(nameof(Bad.Reading), "System.IO.File")]
    [InlineData(nameof(Bad.FromHere), "System.IO.Path.GetFullPath")]
    [InlineData(nameof(Bad.Starting), "System.Diagnostics.Process")]
    [InlineData(nameof(Bad.Calling), "System.Net.Sockets.Socket")]
    [InlineData(nameof(Bad.Asking), "System.Environment")]
    [InlineData(nameof(Bad.Printing), "System.Console")]
    [InlineData(nameof(Bad.HiddenInGenerics), "System.Threading.Tasks.Task")]
    [InlineData(nameof(Bad.HiddenInALambda), "System.DateTime.get_Now")]
    [InlineData(nameof(Bad.Writable), "is state")]
    [InlineData(nameof(Bad.Array), "is state")]
    [InlineData(nameof(Bad.Cache), "is state")]
    [InlineData(nameof(Bad.MutableInside), "is state")]
    public void An_impure_type_is_found(string sample, string expected) =>
        Assert.Contains(CheckSample(typeof(Bad), sample), found => found.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void Pure_code_passes() => Assert.Empty(CheckSample(typeof(Good), nameof(Good.Pure)));

    [Fact]
    public void Processes_are_started_by_the_sandbox_and_the_command_line_only() =>
        SourceTree.AssertNone(SourceTree.Projects("src", "samples")
            .Where(project => project.Name is not ("Cairn.Sandbox" or "Cairn.Cli"))
            .SelectMany(project =>
            {
                using var module = project.Open();
                return UsesOfProcess(module.Types).ToList();
            }));

    [Fact]
    public void A_started_process_is_found() => Assert.NotEmpty(UsesOfProcess([Sample(typeof(Bad), nameof(Bad.Starting))]));

    private static IEnumerable<string> UsesOfProcess(IEnumerable<TypeDefinition> types) =>
        IntermediateCode.WithNested(types)
            .SelectMany(IntermediateCode.References)
            .Where(reference => reference.Type.FullName is "System.Diagnostics.Process" or "System.Diagnostics.ProcessStartInfo")
            .Select(reference => $"{reference.Place} uses {reference.Type.FullName}")
            .Distinct();

    private static List<string> CheckSample(Type holder, string name) => [.. KernelPurity.Check([Sample(holder, name)])];

    private static TypeDefinition Sample(Type holder, string name)
    {
        var module = SourceTree.OpenModule(typeof(KernelPurityTests).Assembly.Location);
        return module.GetType(holder.FullName!.Replace('+', '/')).NestedTypes.Single(type => type.Name == name);
    }

    /// <summary>Each breaks one rule.</summary>
    internal static class Bad
    {
        internal static class Clock
        {
            public static DateTimeOffset Now() => DateTimeOffset.UtcNow;
        }

        internal static class Chance
        {
            public static Guid Id() => Guid.NewGuid();
        }

        internal static class Dice
        {
            public static int Roll() => new Random().Next();
        }

        internal static class Asynchronous
        {
            public static async Task Run() => await Task.Yield();
        }

        internal static class Threaded
        {
            public static bool Pooled() => Thread.CurrentThread.IsThreadPoolThread;
        }

        internal sealed class Ticking
        {
            public Timer? Field = null;
        }

        internal static class Reading
        {
            public static string Read(string path) => File.ReadAllText(path);
        }

        internal static class FromHere
        {
            public static string Where(string path) => Path.GetFullPath(path);
        }

        internal static class Starting
        {
            public static void Start() => System.Diagnostics.Process.Start("true")?.Dispose();
        }

        internal static class Calling
        {
            public static void Call(System.Net.Sockets.Socket socket) => socket.Listen();
        }

        internal static class Asking
        {
            public static string? Ask() => Environment.GetEnvironmentVariable("HOME");
        }

        internal static class Printing
        {
            public static void Print() => Console.WriteLine();
        }

        internal static class HiddenInGenerics
        {
            public static int Count(Dictionary<string, List<Task[]>> map) => map.Count;
        }

        internal static class HiddenInALambda
        {
            public static Func<int, long> Later() => x => x + DateTime.Now.Ticks;
        }

        internal static class Writable
        {
            public static int Count = 0;
        }

        internal static class Array
        {
            public static readonly int[] Numbers = [1];
        }

        internal static class Cache
        {
            public static readonly Dictionary<string, string> Seen = [];
        }

        internal static class MutableInside
        {
            public static readonly Box Shared = new();

            internal sealed class Box
            {
                public int Value { get; set; }
            }
        }
    }

    /// <summary>Breaks none.</summary>
    internal static class Good
    {
        internal sealed record Pure(string Name, ImmutableArray<Pure> Inner)
        {
            public const int Limit = 3;

            public static readonly Pure Empty = new("", []);

            private static readonly ImmutableDictionary<string, DateTimeOffset> When = ImmutableDictionary<string, DateTimeOffset>.Empty;

            private static readonly Func<int, int> Next = x => x + 1;

            public static TimeSpan Default { get; } = TimeSpan.FromSeconds(1);

            public IEnumerable<string> Names()
            {
                foreach (var each in Inner)
                {
                    yield return each.Name;
                }
            }

            public int Sum() => Inner.Where(each => When.ContainsKey(each.Name)).Select(each => Next(each.Name.Length)).OrderBy(Math.Abs).Sum();
        }
    }
}
