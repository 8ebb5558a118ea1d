using Cairn.Abstractions;

namespace Cairn.Cli.Terminal;

/// <summary>Asks the person at the terminal; without one, nobody can be asked.</summary>
internal sealed class TerminalHuman(bool interactive) : IHuman
{
    public async Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken)
    {
        if (!interactive)
        {
            return null;
        }

        Console.WriteLine();
        Console.WriteLine($"? {Safe.Text(question)}");
        for (var i = 0; i < options.Count; i++)
        {
            Console.WriteLine($"  {i + 1}) {Safe.Text(options[i])}");
        }

        while (true)
        {
            Console.Write("> ");
            var line = (await Task.Run(Console.In.ReadLine, cancellationToken).WaitAsync(cancellationToken))?.Trim();
            if (line is null)
            {
                return null;
            }

            if (options.Count == 0 && line.Length > 0)
            {
                return line;
            }

            if (int.TryParse(line, out var number) && number >= 1 && number <= options.Count)
            {
                return options[number - 1];
            }

            var named = options.Where(o => o.StartsWith(line, StringComparison.OrdinalIgnoreCase)).ToList();
            if (line.Length > 0 && named.Count == 1)
            {
                return named[0];
            }

            Console.WriteLine($"Please answer with {string.Join(" or ", options)}.");
        }
    }
}
