using System.Text;
using Strata.Core.Devices;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>
/// Which metric of the publishing device a SenML name (base name and name) means. The device is known from the connection, so the name is
/// either the metric itself (<c>temperature</c>, <c>battery.voltage</c>) or the device's id, a colon or slash, and the metric
/// (<c>t-101:temperature</c>, <c>t-101/temperature</c>). A name with a colon or slash that does not begin with the device's id is the name
/// of something else and is refused; so is the device's id alone.
/// </summary>
internal static class SenmlName
{
    /// <param name="start">Where the metric begins within the name.</param>
    /// <param name="reason">On false: one sentence.</param>
    public static bool TryResolve(ReadOnlySpan<byte> name, DeviceId device, out int start, out string? reason)
    {
        (start, reason) = (0, null);
        var id = device.Value;
        if (name.IsEmpty)
            reason = "A record needs a name, from 'n', 'bn' or both.";
        else if (id.Length > 0 && name.Length >= id.Length && Ascii.Equals(name[..id.Length], id))
        {
            if (name.Length == id.Length || (name.Length == id.Length + 1 && IsSeparator(name[id.Length])))
                reason = "The name is the device's; a metric must follow it after a colon or a slash.";
            else if (IsSeparator(name[id.Length]))
                start = id.Length + 1;
        }
        if (reason is null && start == 0 && name.IndexOfAny((byte)':', (byte)'/') >= 0)
            reason = "The name is not the publishing device's: before the last colon or slash its own id must stand.";
        return reason is null;
    }

    private static bool IsSeparator(byte b) => b is (byte)':' or (byte)'/';
}
