using System.Text.Json;
using Strata.Core.Updates.Manifests;

namespace Strata.Edge.Updates;

/// <summary>The ring of keys that the device believes (<c>keys.json</c>), and which update brought it (<c>keys.update.json</c>; none where somebody put the ring there).</summary>
internal sealed class RingFile(IUpdateDisk disk)
{
    private const string Name = "keys.json";
    private const string Mark = "keys.update.json";

    /// <exception cref="UpdateRefusedException">There is none that can be used.</exception>
    public KeyRing Read()
    {
        var ring = disk.ReadAll(Name, KeyRingText.MaxBytes) is { } bytes
            ? KeyRingText.Read(bytes)
            : throw new UpdateRefusedException("the device has no ring of keys (keys.json), so it believes nobody");
        return ring.IsOk ? ring.Value : throw new UpdateRefusedException(ring.Problem.Detail);
    }

    /// <summary>Of the last update of the ring; empty when there was none, or nobody knows.</summary>
    public string Version
    {
        get
        {
            try
            {
                return Last().Version;
            }
            catch (InvalidDataException)
            {
                return "";
            }
        }
    }

    /// <summary>Version and counter of the last update of the ring; empty and 0 before the first.</summary>
    /// <exception cref="InvalidDataException">The note of it is damaged.</exception>
    public (string Version, long Counter) Last()
    {
        if (disk.ReadAll(Mark, KeyRingText.MaxBytes) is not { } bytes)
            return ("", 0);
        try
        {
            using var mark = JsonDocument.Parse(bytes);
            return (mark.RootElement.GetProperty("version").GetString()!, mark.RootElement.GetProperty("counter").GetInt64());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{Mark} is damaged ({e.Message}); remove it, and older rings of keys are taken again.", e);
        }
    }

    /// <summary>Whether the update is done: a ring of the same bytes that somebody put there is not, for older ones would still be taken.</summary>
    /// <exception cref="InvalidDataException">The note of the last update is damaged.</exception>
    public bool Is(UpdateManifest update) => disk.Hash(Name).Sha256 == update.Sha256 && Last() == (update.Version, update.Counter);

    /// <summary>Puts a ring that was downloaded and verified in the place of the one there is. After a power cut it is the one or the other, and what is older than the update is not taken any more.</summary>
    /// <exception cref="UpdateRefusedException">It may not take that place.</exception>
    public void Replace(UpdateJob job, UpdateManifest update, string downloaded)
    {
        var bytes = disk.ReadAll(downloaded, KeyRingText.MaxBytes) ?? [];
        if (RingUpdate.Check(job.Manifest, job.Signatures, bytes) is { IsOk: false } refused)
            throw new UpdateRefusedException(refused.Problem.Detail);
        using var mark = new MemoryStream();
        using (var json = new Utf8JsonWriter(mark))
        {
            json.WriteStartObject();
            json.WriteString("version", update.Version);
            json.WriteNumber("counter", update.Counter);
            json.WriteEndObject();
        }
        disk.Replace(Mark, mark.ToArray());
        disk.Replace(Name, bytes);
        disk.Delete(downloaded);
    }
}
