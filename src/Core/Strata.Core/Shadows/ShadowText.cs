using System.Buffers;
using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>A writer of compact JSON with its buffer, of which each thread keeps one: shadows are small, and written by the thousand a second.</summary>
public sealed class ShadowText : IDisposable
{
    /// <summary>A buffer that grew beyond this is not kept.</summary>
    private const int MaxKept = 64 << 10;

    [ThreadStatic]
    private static ShadowText? kept;

    private readonly ArrayBufferWriter<byte> buffer = new(1024);

    private ShadowText() => Writer = new Utf8JsonWriter(buffer, ShadowCodec.Compact);

    public Utf8JsonWriter Writer { get; }

    /// <summary>Takes the thread's; given back by <see cref="Dispose"/>, on the same thread.</summary>
    public static ShadowText Take()
    {
        var text = kept ?? new ShadowText();
        kept = null;
        return text;
    }

    /// <summary>What was written.</summary>
    public byte[] ToArray()
    {
        Writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public void Dispose()
    {
        if (buffer.Capacity > MaxKept)
        {
            Writer.Dispose();
            return;
        }
        buffer.ResetWrittenCount();
        Writer.Reset();
        kept = this;
    }
}
