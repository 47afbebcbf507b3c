using Strata.Cloud.Contracts;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Node.Devices;
using Strata.Telemetry;

namespace Strata.Node.Uplink;

/// <summary>One uplink request as it is gathered line by line: what is to be stored, what is rejected, which numbers it acknowledges.</summary>
internal sealed class UplinkRequest(GatewayEntry sender, string stream, long lowest, bool live, DateTimeOffset received)
{
    public GatewayEntry Sender { get; } = sender;

    public string Stream { get; } = stream;

    public long Lowest { get; } = lowest;

    public bool Live { get; } = live;

    public DateTimeOffset Received { get; } = received;

    /// <summary>Readings by the gateway that heard them; the sender's own first.</summary>
    public List<UplinkPart> Parts { get; } = [];

    public List<(Stamped<WindowRecord> Window, int Bytes)> Windows { get; } = [];

    /// <summary>Windows that named no place, to be completed from what the stream said before.</summary>
    public List<(Core.Dataflow.Uplink.WindowContent Content, long Number, int Bytes)> Unplaced { get; } = [];

    public List<Stamped<FleetEvent>> Events { get; } = [];

    public List<Stamped<GapRecord>> Gaps { get; } = [];

    public List<(Core.Dataflow.Uplink.UplinkRejection Rejection, GatewayId Gateway, long Number)> Rejections { get; } = [];

    public List<RejectedEntry> Rejected { get; } = [];

    /// <summary>Numbers that carry nothing to store.</summary>
    public List<SourceStamp> Seen { get; } = [];

    /// <summary>All numbers of the request.</summary>
    public IntervalSet Numbers { get; } = new();

    public int Entries { get; set; }

    /// <summary>Of the body, as far as it was read.</summary>
    public long Bytes { get; set; }

    public SourceStamp Stamp(long number) => new(Sender.Gateway.Value, Stream, number);

    public void Reject(long number, string reason)
    {
        Rejected.Add(new RejectedEntry(number, reason));
        Seen.Add(Stamp(number));
        Numbers.Add(number);
    }
}

/// <summary>Readings that one gateway heard, and what must be remembered of each message until the commit.</summary>
internal sealed class UplinkPart(GatewayId gateway, ReadingBatch batch)
{
    public GatewayId Gateway { get; } = gateway;

    public ReadingBatch Batch { get; } = batch;

    /// <summary>By message.</summary>
    public List<UplinkNote> Notes { get; } = [];
}

/// <param name="Sampled">Microseconds; null unless the reading is immediate.</param>
/// <param name="Bytes">Of the entry's payload.</param>
internal readonly record struct UplinkNote(long? Sampled, int Bytes);
