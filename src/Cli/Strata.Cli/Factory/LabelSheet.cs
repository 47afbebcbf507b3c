using System.Globalization;
using System.Text;
using QRCoder;

namespace Strata.Cli.Factory;

/// <summary>QR labels on A4 sheets of 5 by 13 (38.1 mm by 21.2 mm, as label paper is sold), as SVG: the code and beside it a heading (the SKU, say) and a name (the serial number) in letters.</summary>
internal static class LabelSheet
{
    public const int PerSheet = 65;
    private const int Columns = 5;
    private const double Width = 38.1;
    private const double Height = 21.2;
    private const double Left = 4.7;
    private const double Top = 10.7;
    private const double ColumnGap = 2.5;
    private const double CodeSize = 17;

    /// <summary>One sheet.</summary>
    /// <param name="labels">At most <see cref="PerSheet"/>.</param>
    public static string Draw(IReadOnlyList<(string Heading, string Name, string Text)> labels)
    {
        var svg = new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" viewBox=\"0 0 210 297\" font-family=\"sans-serif\">\n<rect width=\"210\" height=\"297\" fill=\"#fff\"/>\n");
        for (var i = 0; i < labels.Count; i++)
        {
            var (x, y) = (Left + i % Columns * (Width + ColumnGap), Top + i / Columns * Height);
            svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({x + 1:0.##} {y + (Height - CodeSize) / 2:0.##})\">");
            DrawCode(svg, labels[i].Text);
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"18\" y=\"6\" font-size=\"2.6\">{Escape(Short(labels[i].Heading, 14))}</text>");
            var rest = labels[i].Name;
            for (var line = 0; line < 3 && rest.Length > 0; line++)
            {
                var part = rest.Length > 14 ? rest[..14] : rest;
                svg.Append(CultureInfo.InvariantCulture, $"<text x=\"18\" y=\"{9.5 + line * 3:0.##}\" font-size=\"2.4\" font-weight=\"bold\">{Escape(part)}</text>");
                rest = rest[part.Length..];
            }
            svg.Append("</g>\n");
        }
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Writes as many sheets as it takes, <c>NAME.svg</c>, <c>NAME-2.svg</c>, ...</summary>
    /// <param name="file">The first one's path.</param>
    /// <returns>How many.</returns>
    public static int Write(string file, IReadOnlyList<(string Heading, string Name, string Text)> labels)
    {
        var sheets = labels.Chunk(PerSheet).ToList();
        for (var i = 0; i < sheets.Count; i++)
            File.WriteAllText(i == 0 ? file : Path.Combine(Path.GetDirectoryName(file)!, $"{Path.GetFileNameWithoutExtension(file)}-{i + 1}.svg"), Draw(sheets[i]));
        return sheets.Count;
    }

    /// <summary>The dark squares of each row in one path: a tenth of what a rectangle for each would take.</summary>
    private static void DrawCode(StringBuilder svg, string text)
    {
        using var generator = new QRCodeGenerator();
        using var code = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var rows = code.ModuleMatrix;
        svg.Append(CultureInfo.InvariantCulture, $"<path shape-rendering=\"crispEdges\" transform=\"scale({CodeSize / rows.Count:0.####})\" d=\"");
        for (var y = 0; y < rows.Count; y++)
        {
            for (var x = 0; x < rows[y].Count; x++)
            {
                if (!rows[y][x])
                    continue;
                var end = x;
                while (end + 1 < rows[y].Count && rows[y][end + 1])
                    end++;
                svg.Append(CultureInfo.InvariantCulture, $"M{x} {y}h{end - x + 1}v1h-{end - x + 1}z");
                x = end;
            }
        }
        svg.Append("\"/>");
    }

    private static string Short(string text, int length) => text.Length > length ? text[..(length - 1)] + "." : text;

    private static string Escape(string text) => System.Security.SecurityElement.Escape(text);
}
