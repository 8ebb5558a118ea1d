using System.Globalization;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>The message behind the task that stands for what was taken out of the prompt.</summary>
internal static class CarriedMessage
{
    public static string Text(RunStarted spec, Carried carried, Func<BlobHash, byte[]> body)
    {
        var text = new StringBuilder("[This prompt was shortened. ");
        if (carried.Dropped > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"The first {carried.Dropped} turns are left out, and ");
        }

        text.Append("answers that are marked so stand in a shorter form. What they changed in files is still there. ")
            .Append("`recall` shows any of it again by its address, such as turn:1 or result:1.1.]\n")
            .Append(CultureInfo.InvariantCulture, $"The repository is at {spec.Repository}.");
        if (carried.Lines.Length > 0)
        {
            text.Append(" What you know, newest first:");
        }

        foreach (var line in carried.Lines)
        {
            text.Append("\n- ").Append(line);
        }

        foreach (var item in carried.Texts)
        {
            var content = Encoding.UTF8.GetString(body(item.Body));
            text.Append(CultureInfo.InvariantCulture, $"\n\n{item.Title} ({item.Address}):\n")
                .Append(item.Trusted ? content : Fence.Frame(spec, item.Address, item.Body, content));
        }

        return text.ToString();
    }
}
