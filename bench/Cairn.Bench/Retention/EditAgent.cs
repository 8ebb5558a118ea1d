using System.Diagnostics;
using System.Globalization;
using Cairn.Sdk;

namespace Cairn.Bench.Retention;

/// <summary>A code agent that edits a line of one of its files at a time and remembers how long each edit took.</summary>
internal sealed class EditAgent(SourceTree tree, int edits, Action<int, double> edited) : CodeAgent
{
    private readonly Random _random = new(1);
    private readonly Dictionary<string, string> _texts = [];

    protected override async Task<AgentResult> WorkAsync(AgentRuntime kernel, CancellationToken cancellationToken)
    {
        for (var i = 1; i <= edits; i++)
        {
            var path = tree.Working[_random.Next(tree.Working.Count)];
            var text = _texts.TryGetValue(path, out var known) ? known : SourceTree.Text(path);
            var lines = text.Split('\n');
            var at = _random.Next(lines.Length - 1);
            var line = string.Create(CultureInfo.InvariantCulture, $"{lines[at][..lines[at].IndexOf('=', StringComparison.Ordinal)]}= {_random.Next()}; // edit {i}");
            var before = Stopwatch.GetTimestamp();
            var answer = await kernel.EditFileAsync(path, BlobHash.OfText(text), [new(lines[at], line)], cancellationToken);
            edited(i, Stopwatch.GetElapsedTime(before).TotalMilliseconds);
            if (!answer.IsOk)
            {
                return new(false, answer.Text);
            }

            lines[at] = line;
            _texts[path] = string.Join('\n', lines);
        }

        return new(true, "edited");
    }
}
