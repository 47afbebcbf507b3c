using Strata.Mqtt.Inspection;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>What is counted and traced of all that goes to the client. Under the lock.</summary>
internal sealed partial class Outbox
{
    private long connectedFrom;
    private int resumeLeft;
    private int reportPublishes;
    private int reportDuplicates;
    private int reportAcks;
    private int reportRecs;
    private int reportedBytes;

    /// <summary>The namespace's, once it is known.</summary>
    public TrafficTotals Totals { get; set; } = null!;

    /// <summary>Looks at the messages on their way; null when they are with another.</summary>
    public T Look<T>(Func<MessageFlow?, T> look)
    {
        lock (gate)
            return look(flow);
    }

    /// <summary>A publish is written.</summary>
    private void CountPublish(ushort packetId, bool duplicate)
    {
        reportPublishes++;
        if (duplicate)
            reportDuplicates++;
        if (packetId > 0)
            Session.Traffic.Sent(packetId, clock);
    }

    /// <summary>The client has a message of this id.</summary>
    private void CountAcknowledgement(ushort packetId)
    {
        if (Session.Traffic.Acknowledged(packetId, clock) is { } took)
            Session.Namespace.Metrics?.Acknowledged(took);
    }

    /// <summary>Adds what was written since the last time to the figures.</summary>
    private void Report()
    {
        var bytes = unflushedBytes - reportedBytes;
        reportedBytes = unflushedBytes;
        if (bytes <= 0)
            return;
        Totals.Add(Total.BytesOut, bytes);
        if (reportPublishes > 0)
            Totals.PacketsOut((int)PacketType.Publish, reportPublishes);
        if (reportDuplicates > 0)
            Totals.Add(Total.DuplicatesOut, reportDuplicates);
        if (reportAcks > 0)
            Totals.PacketsOut((int)PacketType.PubAck, reportAcks);
        if (reportRecs > 0)
            Totals.PacketsOut((int)PacketType.PubRec, reportRecs);
        Session?.Traffic.Sent(reportPublishes, reportDuplicates, bytes, clock.Coarse);
        reportPublishes = reportDuplicates = reportAcks = reportRecs = 0;
    }

    /// <summary>A message of those that had waited when the client came is written, or is not sent after all.</summary>
    private void CountResumed()
    {
        if (resumeLeft == 0 || (--resumeLeft > 0 && flow!.Backlog > 0))
            return;
        resumeLeft = 0;
        var took = clock.Since(connectedFrom);
        Session.Traffic.Resumed(took);
        Session.Namespace.Metrics?.Resumed(took);
    }
}
