using System.Text.Json;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Slots;

namespace Strata.Edge.Updates.Rauc;

/// <summary>What <c>rauc status --detailed --output-format=json</c> says of the two slots that the machine can be started from; the one whose boot name is first by letters is A.</summary>
/// <param name="Booted">The one that the machine runs from.</param>
internal sealed record RaucStatus(RaucSlot A, RaucSlot B, Slot Booted)
{
    public RaucSlot this[Slot slot] => slot == Slot.A ? A : B;

    /// <exception cref="FormatException">It says something else; the message says what.</exception>
    public static RaucStatus Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            var all = new List<RaucSlot>();
            foreach (var slots in root.GetProperty("slots").EnumerateArray())
            {
                foreach (var slot in slots.EnumerateObject())
                {
                    if (SlotOf(slot) is { BootName.Length: > 0 } bootable)
                        all.Add(bootable);
                }
            }
            var booted = all.FirstOrDefault(s => s.IsBooted) ?? throw new FormatException("it does not know which slot the machine runs from");
            var pair = all.Where(s => s.Class == booted.Class).ToList();
            if (pair.Count != 2)
                throw new FormatException($"the machine runs from {booted.Name}, of whose class it can be started from {pair.Count}; two are needed");
            var (a, b) = string.CompareOrdinal(pair[0].BootName, pair[1].BootName) < 0 ? (pair[0], pair[1]) : (pair[1], pair[0]);
            return new RaucStatus(a, b, ReferenceEquals(booted, a) ? Slot.A : Slot.B);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"its status cannot be read ({e.Message})", e);
        }
    }

    private static RaucSlot SlotOf(JsonProperty slot) => new(
        slot.Name, Text(slot.Value, "class"), Text(slot.Value, "bootname"), Text(slot.Value, "state") == "booted",
        slot.Value.TryGetProperty("slot_status", out var status) && status.TryGetProperty("bundle", out var bundle) && Text(bundle, "version") is var version && UpdateVersion.IsVersion(version) ? version : null);

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";
}

/// <param name="Name">As RAUC names it, <c>rootfs.0</c>.</param>
/// <param name="BootName">As the boot loader does.</param>
/// <param name="Version">Of the bundle that was put into it last; null when RAUC does not know.</param>
internal sealed record RaucSlot(string Name, string Class, string BootName, bool IsBooted, string? Version);
