using System.Net;
using System.Text;

namespace Cairn.Tools.Web;

/// <summary>The text of an HTML page: one pass, no tree, linear in its length whatever the page is.</summary>
internal static class HtmlText
{
    private static readonly HashSet<string> Blocks = new(StringComparer.OrdinalIgnoreCase)
    {
        "p", "div", "br", "tr", "table", "ul", "ol", "section", "article", "header", "footer", "main", "nav", "blockquote", "pre", "hr", "dl", "dt", "dd", "title",
        "h1", "h2", "h3", "h4", "h5", "h6", "form", "fieldset", "figure", "aside",
    };

    private static readonly HashSet<string> Hidden = new(StringComparer.OrdinalIgnoreCase) { "script", "style", "noscript", "template", "svg", "iframe", "object", "textarea" };

    public static string Of(string html)
    {
        var text = new StringBuilder(html.Length / 2);
        var at = 0;
        while (at < html.Length)
        {
            var tag = html.IndexOf('<', at);
            Append(text, html.AsSpan(at, (tag < 0 ? html.Length : tag) - at));
            if (tag < 0)
            {
                break;
            }

            at = Skip(html, tag, text);
        }

        return Tidy(text.ToString());
    }

    /// <summary>Goes past a tag, a comment, or an element whose content nobody sees; gives where the text goes on.</summary>
    private static int Skip(string html, int tag, StringBuilder text)
    {
        if (html.AsSpan(tag).StartsWith("<!--", StringComparison.Ordinal))
        {
            return After(html, "-->", tag + 4);
        }

        var name = tag + 1;
        if (name < html.Length && html[name] == '/')
        {
            name++;
        }

        var end = name;
        while (end < html.Length && char.IsAsciiLetterOrDigit(html[end]))
        {
            end++;
        }

        if (end == name && (name >= html.Length || html[name] is not ('!' or '?')))
        {
            text.Append('<');
            return tag + 1;
        }

        var element = html[name..end];
        var next = After(html, ">", end);
        if (Hidden.Contains(element) && html[tag + 1] != '/')
        {
            return After(html, ">", After(html, "</" + element, next));
        }

        if (element.Equals("li", StringComparison.OrdinalIgnoreCase) && html[tag + 1] != '/')
        {
            text.Append("\n- ");
        }
        else if (Blocks.Contains(element))
        {
            text.Append('\n');
        }
        else if (element is "td" or "th")
        {
            text.Append('\t');
        }

        return next;
    }

    private static int After(string html, string what, int from)
    {
        var found = from >= html.Length ? -1 : html.IndexOf(what, from, StringComparison.OrdinalIgnoreCase);
        return found < 0 ? html.Length : found + what.Length;
    }

    private static void Append(StringBuilder text, ReadOnlySpan<char> part)
    {
        if (!part.IsEmpty)
        {
            text.Append(WebUtility.HtmlDecode(part.ToString()));
        }
    }

    private static string Tidy(string text)
    {
        var tidy = new StringBuilder(text.Length);
        var empty = 0;
        foreach (var line in text.Split('\n'))
        {
            var words = string.Join(' ', line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            empty = words.Length == 0 ? empty + 1 : 0;
            if (empty < 2 && (words.Length > 0 || tidy.Length > 0))
            {
                tidy.Append(words).Append('\n');
            }
        }

        return tidy.ToString().TrimEnd();
    }
}
