using System.Text.Json;

namespace Strata.Core.Updates.Manifests;

/// <summary>The bytes of a manifest. They are made once, signed, and from then on carried as they are: nobody writes them again.</summary>
public static class ManifestWriter
{
    public const int Format = 1;

    public static byte[] Write(UpdateManifest manifest)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteString("component", manifest.Component);
            json.WriteString("version", manifest.Version);
            Write(json, "models", manifest.Models);
            Write(json, "hardware", manifest.Hardware);
            Write(json, "from", manifest.From);
            json.WriteStartArray("needs");
            foreach (var need in manifest.Needs)
            {
                json.WriteStartObject();
                json.WriteString("component", need.Component);
                json.WriteString("minVersion", need.MinVersion);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteNumber("counter", manifest.Counter);
            json.WriteString("sha256", manifest.Sha256);
            json.WriteNumber("size", manifest.Size);
            json.WriteBoolean("reversible", manifest.Reversible);
            json.WriteString("created", manifest.Created.UtcDateTime);
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
