using System.Globalization;
using System.Text;
using QRCoder;

namespace Strata.EndToEnd.Tests;

/// <summary>What a phone's camera sees that is held before labels, one after the other: a video file (YUV4MPEG2) for Chromium's fake camera.</summary>
internal static class LabelVideo
{
    private const int Width = 640;
    private const int Height = 480;
    private const int FramesPerSecond = 10;
    private const int FramesOfLabel = 12;
    private const int Module = 8;

    public static void Write(string file, params string[] labels)
    {
        using var stream = File.Create(file);
        stream.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"YUV4MPEG2 W{Width} H{Height} F{FramesPerSecond}:1 Ip A1:1 C420jpeg\n")));
        var colour = new byte[Width * Height / 2];
        Array.Fill(colour, (byte)128);
        foreach (var label in labels)
        {
            var light = Draw(label);
            for (var frame = 0; frame < FramesOfLabel; frame++)
            {
                stream.Write("FRAME\n"u8);
                stream.Write(light);
                stream.Write(colour);
            }
        }
    }

    /// <summary>A photo of a label, as a PNG.</summary>
    public static byte[] Photo(string label)
    {
        using var generator = new QRCodeGenerator();
        using var code = generator.CreateQrCode(label, QRCodeGenerator.ECCLevel.M);
        using var png = new PngByteQRCode(code);
        return png.GetGraphic(6);
    }

    /// <summary>The label on a grey wall, not in the middle.</summary>
    private static byte[] Draw(string label)
    {
        using var generator = new QRCodeGenerator();
        using var code = generator.CreateQrCode(label, QRCodeGenerator.ECCLevel.M);
        var rows = code.ModuleMatrix;
        var light = new byte[Width * Height];
        Array.Fill(light, (byte)150);
        var (left, top) = ((Width - rows.Count * Module) / 2 + 20, (Height - rows.Count * Module) / 2 - 10);
        for (var y = 0; y < rows.Count * Module; y++)
        {
            for (var x = 0; x < rows.Count * Module; x++)
                light[(top + y) * Width + left + x] = rows[y / Module][x / Module] ? (byte)25 : (byte)235;
        }
        return light;
    }
}
