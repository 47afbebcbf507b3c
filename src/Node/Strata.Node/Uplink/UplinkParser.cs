using System.Buffers;
using Strata.Core.Architecture;
using Strata.Core.Dataflow.Uplink;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using Strata.Node.Devices;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Uplink;

/// <summary>
/// Turns the lines of a request into what is to be stored. An entry that can never be stored is rejected singly; a line that does not even
/// name its number breaks the request.
/// </summary>
internal sealed class UplinkParser(UplinkRequest request, DeviceDirectory devices, ReadingBatchPool batches, PayloadLimits limits, UplinkOptions options)
{
    private readonly UplinkEntryReader reader = new(limits);
    private readonly long latest = EventTime.From(request.Received) + EventTime.Span(options.MaxAhead);
    private UplinkPart? own;

    /// <summary>Takes the complete lines at the buffer's start; returns the position after them.</summary>
    /// <param name="isLast">True when no more will come: a last line without line feed counts.</param>
    /// <param name="problem">Why the request is refused as a whole; null to go on.</param>
    public SequencePosition TakeLines(ReadOnlySequence<byte> buffer, bool isLast, out string? problem)
    {
        problem = null;
        while (problem is null && buffer.PositionOf((byte)'\n') is { } end)
        {
            problem = TakeLine(buffer.Slice(0, end));
            buffer = buffer.Slice(buffer.GetPosition(1, end));
        }
        if (problem is null && isLast && buffer.Length > 0)
        {
            problem = TakeLine(buffer);
            buffer = buffer.Slice(buffer.End);
        }
        if (problem is null && buffer.Length > options.MaxLineBytes)
            problem = $"line {request.Entries + 1} is longer than {options.MaxLineBytes} bytes";
        return buffer.Start;
    }

    private string? TakeLine(ReadOnlySequence<byte> line)
    {
        if (line.Length > options.MaxLineBytes)
            return $"line {request.Entries + 1} is longer than {options.MaxLineBytes} bytes";
        if (line.IsSingleSegment)
            return TakeLine(line.FirstSpan);
        var copy = ArrayPool<byte>.Shared.Rent((int)line.Length);
        try
        {
            line.CopyTo(copy);
            return TakeLine(copy.AsSpan(0, (int)line.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private string? TakeLine(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
            return null;
        if (++request.Entries > options.MaxEntries)
            return $"more than {options.MaxEntries} entries";
        var batch = Own().Batch;
        var good = reader.TryRead(line, request.Sender.Gateway.Value, request.Stream, batch, out var error);
        if (reader.Number == 0)
            return $"line {request.Entries}: {error}";
        if (!good)
            request.Reject(reader.Number, error.ToString());
        else if (reader.Kind == UplinkKind.Readings)
            TakeReadings(batch);
        else
            TakeRecord();
        return null;
    }

    private void TakeReadings(ReadingBatch batch)
    {
        var number = reader.Number;
        var start = batch.MessageCount == 0 ? 0 : batch.Messages[^1].Start + batch.Messages[^1].Count;
        if (WhyNot(batch.Times[start..]) is { } reason)
        {
            batch.AbandonMessage();
            request.Reject(number, reason);
            return;
        }
        var part = reader.Gateway is { } origin && origin != request.Sender.Gateway ? Move(batch, start, origin) : own!;
        part.Batch.EndMessage(request.Stamp(number), new MessageOrigin(reader.Sampled is not null, reader.Sampled ?? 0, part.Gateway), reader.PayloadBytes);
        part.Notes.Add(new UplinkNote(reader.Sampled, reader.PayloadBytes));
        request.Numbers.Add(number);
    }

    private string? WhyNot(ReadOnlySpan<long> times)
    {
        if (!options.AcceptUnknownDevices && !devices.TryGet(request.Sender.Tenant, reader.Device, out _))
            return $"unknown device {reader.Device}";
        foreach (var time in times)
        {
            if (time < EventTime.Earliest || time > latest)
                return "clock fault: a time before 2000 or too far ahead";
        }
        return null;
    }

    private void TakeRecord()
    {
        var number = reader.Number;
        request.Numbers.Add(number);
        var stamp = request.Stamp(number);
        switch (reader.Kind)
        {
            case UplinkKind.Window when reader.Window!.Site is { } site:
                request.Windows.Add((new(reader.Window.ToRecord(site, request.Sender.Gateway), stamp) { Bytes = reader.PayloadBytes }, reader.PayloadBytes));
                break;
            case UplinkKind.Window:
                request.Unplaced.Add((reader.Window!, number, reader.PayloadBytes));
                break;
            case UplinkKind.Event:
                request.Events.Add(new(reader.Event! with { Gateway = reader.Gateway ?? request.Sender.Gateway }, stamp) { Bytes = reader.PayloadBytes });
                break;
            case UplinkKind.Gap:
                request.Gaps.Add(new(reader.Gap!, stamp) { Bytes = reader.PayloadBytes });
                break;
            default:
                request.Rejections.Add((reader.Rejection!, reader.Gateway ?? request.Sender.Gateway, number));
                request.Seen.Add(stamp);
                break;
        }
    }

    /// <summary>Moves the open message's rows to the part of the gateway that heard them.</summary>
    private UplinkPart Move(ReadingBatch batch, int start, GatewayId origin)
    {
        var part = request.Parts.Find(p => p.Gateway == origin);
        if (part is null)
            request.Parts.Add(part = new UplinkPart(origin, batches.Rent()));
        part.Batch.BeginMessage();
        for (var row = start; row < batch.Count; row++)
            part.Batch.Add(batch[row]);
        batch.AbandonMessage();
        return part;
    }

    private UplinkPart Own()
    {
        if (own is null)
            request.Parts.Insert(0, own = new UplinkPart(request.Sender.Gateway, batches.Rent()));
        return own;
    }

    /// <summary>Completes the windows that named no place; those whose place nobody knows are rejected.</summary>
    public static void Place(UplinkRequest request, UplinkStream stream, Func<string, SiteId?> configured, int maxGroups)
    {
        foreach (var (window, _) in request.Windows)
        {
            if (stream.Sites.Count < maxGroups || stream.Sites.ContainsKey(window.Record.Group))
                stream.Sites[window.Record.Group] = window.Record.Site;
        }
        foreach (var (content, number, bytes) in request.Unplaced)
        {
            if (stream.Sites.TryGetValue(content.Group, out var site) || (configured(content.Group) is { } known && (site = known).Depth > 0))
                request.Windows.Add((new(content.ToRecord(site, request.Sender.Gateway), request.Stamp(number)) { Bytes = bytes }, bytes));
            else
                request.Reject(number, $"the place of group {content.Group} is not known");
        }
        request.Unplaced.Clear();
    }
}
