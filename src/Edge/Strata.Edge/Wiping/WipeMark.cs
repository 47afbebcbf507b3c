using System.Globalization;
using System.Text;

namespace Strata.Edge.Wiping;

/// <summary>
/// The note on the disk that the agent was told to wipe itself: <c>wiping</c> before anything goes, <c>wiped</c> when all has gone. Whatever moment the power goes, the next start finishes what was
/// begun, and an agent that was wiped does not come back by itself.
/// </summary>
internal sealed class WipeMark(string dataDirectory)
{
    private readonly string wiping = Path.Combine(dataDirectory, "wiping");

    /// <summary>For people who provision the device anew.</summary>
    public string DoneFile { get; } = Path.Combine(dataDirectory, "wiped");

    /// <summary>The order that is not carried out yet; null when there is none.</summary>
    public WipeOrder? Pending => Read(wiping);

    /// <summary>The order that was carried out; null when there is none.</summary>
    public WipeOrder? Done => Read(DoneFile);

    public void Begin(WipeOrder order) => Write(wiping, order);

    public void Finish(WipeOrder order)
    {
        Write(DoneFile, order);
        PrivateFile.Erase(wiping);
    }

    private static void Write(string file, WipeOrder order) =>
        PrivateFile.Replace(file, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{order.Request}\n{order.Discarded}\n")), durable: true);

    /// <summary>A note that cannot be read is an order all the same, which nobody can be told of.</summary>
    private static WipeOrder? Read(string file)
    {
        if (!File.Exists(file))
            return null;
        var lines = File.ReadAllLines(file);
        return new WipeOrder(lines.ElementAtOrDefault(0) ?? "", long.TryParse(lines.ElementAtOrDefault(1), CultureInfo.InvariantCulture, out var discarded) ? discarded : 0);
    }
}
