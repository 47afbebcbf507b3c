using System.Text;
using System.Text.Json;

namespace Strata.Core.Commands;

/// <summary>What a gateway told a device of its own, as it hands it up.</summary>
/// <param name="Payload">JSON.</param>
/// <param name="By">Who asked the gateway.</param>
public sealed record LocalCommand(byte[] Payload, string By, DateTimeOffset Expires)
{
    /// <summary>As the text of an event.</summary>
    public string Write()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("by"u8, By);
            json.WriteNumber("expires"u8, Expires.ToUnixTimeMilliseconds());
            json.WritePropertyName("payload"u8);
            json.WriteRawValue(Payload);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>Null for a text that is none.</summary>
    public static LocalCommand? Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            return new LocalCommand(
                Encoding.UTF8.GetBytes(root.GetProperty("payload"u8).GetRawText()), root.GetProperty("by"u8).GetString() ?? "", DateTimeOffset.FromUnixTimeMilliseconds(root.GetProperty("expires"u8).GetInt64()));
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }
}
