using System.Globalization;
using System.Text;

namespace Cairn.Bench.Retention;

/// <summary>A repository of files of 16 KB that look like source code, of which an agent works on some.</summary>
internal sealed class SourceTree
{
    public const int FileBytes = 16 * 1024;
    private const int PerDirectory = 64;
    private readonly int _files;

    public SourceTree(int megabytes, int working)
    {
        _files = Math.Max(working, megabytes * 1024 * 1024 / FileBytes);
        Working = [.. Enumerable.Range(0, working).Select(i => Name((int)((long)i * _files / working)))];
    }

    public IReadOnlyList<string> Working { get; }

    public int Files => _files;

    public void Write(string directory)
    {
        Directory.CreateDirectory(Path.Combine(directory, ".git"));
        for (var i = 0; i < _files; i++)
        {
            var path = Path.Combine(directory, Name(i));
            if (i % PerDirectory == 0)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            }

            File.WriteAllText(path, Text(Name(i)));
        }
    }

    public static string Text(string path)
    {
        var seed = BlobHash.OfText(path).Short;
        var text = new StringBuilder(FileBytes + 128);
        for (var line = 0; text.Length < FileBytes; line++)
        {
            text.Append(CultureInfo.InvariantCulture, $"    private static readonly long {seed}_{line:x4} = {line * 7919};\n");
        }

        return text.ToString();
    }

    private static string Name(int file) => $"src/d{file / PerDirectory:d4}/file{file:d6}.cs";
}
