using System.Text.Json;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Slots;

namespace Strata.Edge.Updates.Rauc;

/// <summary>What <c>rauc status --detailed --output-format=json</c> says of the two slots that the machine can be started from; the one whose boot name is first by letters is A.</summary>
/// <param name="Booted">The one that the machine runs from.</param>
/// <param name="Primary">The one that is started next; null when the boot loader does not say, or names another.</param>
internal sealed record RaucStatus(RaucSlot A, RaucSlot B, Slot Booted, Slot? Primary)
{
    public RaucSlot this[Slot slot] => slot == Slot.A ? A : B;

    /// <exception cref="FormatException">It says something else; the message says what.</exception>
    public static RaucStatus Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            var all = root.GetProperty("slots").EnumerateArray().SelectMany(s => s.EnumerateObject()).Select(SlotOf).Where(s => s.BootName.Length > 0).ToList();
            var booted = all.Find(s => s.IsBooted) ?? throw new FormatException("it does not know which slot the machine runs from");
            var pair = all.Where(s => s.Class == booted.Class).OrderBy(s => s.BootName, StringComparer.Ordinal).ToList();
            if (pair.Count != 2)
                throw new FormatException($"the machine runs from {booted.Name}, of whose class it can be started from {pair.Count}; two are needed");
            var primary = root.TryGetProperty("boot_primary", out var next) && next.ValueKind is JsonValueKind.String ? pair.FindIndex(s => s.Name == next.GetString()) : -1;
            return new RaucStatus(pair[0], pair[1], booted == pair[0] ? Slot.A : Slot.B, primary switch { 0 => Slot.A, 1 => Slot.B, _ => null });
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
