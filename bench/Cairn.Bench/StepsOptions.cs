using System.Globalization;

namespace Cairn.Bench;

/// <summary>What `steps` is told on the command line.</summary>
internal sealed record StepsOptions(string Directory, int Rounds, int Steps, int PayloadBytes, IReadOnlyList<int> Runs, bool Json)
{
    public const string Usage =
        """
        usage: Cairn.Bench steps [--dir DIR] [--rounds N] [--steps N] [--bytes N] [--runs 1,16] [--json]

          Durable steps: one append of one event of --bytes canonical JSON each, acknowledged after its sync.
          --dir     where to write; must be on the disk to measure (default: the working directory)
          --rounds  rounds, taken in ABBA order (default 10)
          --steps   steps per run and round (default 2000)
        """;

    public static bool TryParse(string[] args, out StepsOptions options)
    {
        options = new(Environment.CurrentDirectory, 10, 2000, 1024, [1, 16], false);
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            var number = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) && parsed > 0 ? parsed : 0;
            switch (args[i])
            {
                case "--json":
                    options = options with { Json = true };
                    continue;
                case "--dir" when value.Length > 0:
                    options = options with { Directory = Path.GetFullPath(value) };
                    break;
                case "--rounds" when number > 0:
                    options = options with { Rounds = number };
                    break;
                case "--steps" when number > 0:
                    options = options with { Steps = number };
                    break;
                case "--bytes" when number >= 64:
                    options = options with { PayloadBytes = number };
                    break;
                case "--runs" when value.Split(',').All(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var runs) && runs is > 0 and < 10_000):
                    options = options with { Runs = [.. value.Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture))] };
                    break;
                default:
                    return false;
            }

            i++;
        }

        return true;
    }
}
