using System.Text.Json;
using System.Text.Unicode;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Core.Shadows;

/// <summary>Names of fields and of who wrote them, which come again and again: one that was seen before costs no allocation.</summary>
internal static class ShadowNames
{
    private const int MaxRemembered = 64;

    private static readonly InternTable Texts = new(16_384);

    /// <summary>The text at which the reader stands.</summary>
    /// <exception cref="InvalidOperationException">It is no UTF-8.</exception>
    public static string TextOf(ref Utf8JsonReader reader)
    {
        var utf8 = reader.ValueSpan;
        return reader.ValueIsEscaped || utf8.Length > MaxRemembered || !Utf8.IsValid(utf8) ? reader.GetString()! : Texts.TextOf(utf8);
    }
}
