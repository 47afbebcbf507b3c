using System.Text.Json;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Core.Dataflow.Uplink;

/// <summary>
/// Reads uplink lines one after the other; holds what the last line said. Readings go straight into a batch. Pure, reusable, for one thread
/// at a time; readings cost no allocation for names and texts seen before. Members of an object may come in any order; unknown ones are
/// skipped, so that a newer gateway can say more.
/// </summary>
public sealed partial class UplinkEntryReader(PayloadLimits limits)
{
    private PayloadError error;
    private int rows;

    /// <summary>The entry's number; 0 when the line did not even say that.</summary>
    public long Number { get; private set; }

    public UplinkKind Kind { get; private set; }

    /// <summary>Bytes of the payload, without number and kind.</summary>
    public int PayloadBytes { get; private set; }

    /// <summary>The gateway it comes from when that is not the sender.</summary>
    public GatewayId? Gateway { get; private set; }

    /// <summary>The device of a readings entry.</summary>
    public DeviceId Device { get; private set; }

    /// <summary>For an immediate reading: when the source took it, microseconds.</summary>
    public long? Sampled { get; private set; }

    public WindowContent? Window { get; private set; }

    public FleetEvent? Event { get; private set; }

    public GapRecord? Gap { get; private set; }

    public UplinkRejection? Rejection { get; private set; }

    /// <summary>
    /// Reads one line. For readings, the batch's open message holds them on true (the caller ends it with the entry's stamp, or abandons
    /// it); for other kinds and on false no message is open. The caller has not opened one.
    /// </summary>
    /// <param name="line">Without its line feed.</param>
    /// <param name="source">The gateway that sends, and <paramref name="stream"/>: for gap records.</param>
    /// <param name="why">On false: where and why. <see cref="Number"/> tells whether the entry can be answered singly.</param>
    public bool TryRead(ReadOnlySpan<byte> line, string source, string stream, ReadingBatch batch, out PayloadError why)
    {
        Reset();
        batch.BeginMessage();
        var good = false;
        try
        {
            good = TryReadLine(line, source, stream, batch);
        }
        catch (JsonException broken)
        {
            Fail(broken.BytePositionInLine ?? 0, "This is not JSON.");
        }
        if (!good || Kind != UplinkKind.Readings)
            batch.AbandonMessage();
        why = error;
        return good;
    }

    private bool TryReadLine(ReadOnlySpan<byte> line, string source, string stream, ReadingBatch batch)
    {
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = limits.MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            return Fail(0, "A line is an array: number, kind, payload.");
        if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 1)
            return Fail(reader.TokenStartIndex, "The number is an integer from 1.");
        Number = number;
        if (!reader.Read() || !TryKind(reader, out var kind))
            return Fail(reader.TokenStartIndex, "The kind is one of r, w, e, g, x.");
        Kind = kind;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return Fail(reader.TokenStartIndex, "The payload is an object.");
        var start = reader.TokenStartIndex;
        if (!TryReadPayload(ref reader, source, stream, batch))
            return false;
        PayloadBytes = (int)(reader.BytesConsumed - start);
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
            return Fail(reader.TokenStartIndex, "Nothing follows the payload.");
        reader.Read(); // Throws when anything follows.
        return true;
    }

    private bool TryReadPayload(ref Utf8JsonReader reader, string source, string stream, ReadingBatch batch)
    {
        switch (Kind)
        {
            case UplinkKind.Readings:
                return TryReadReadings(ref reader, batch);
            case UplinkKind.Window:
                if (!WindowPayload.TryRead(ref reader, out var window, out error))
                    return false;
                (Window, Gateway) = (window, window.Gateway);
                return true;
            case UplinkKind.Event:
                return TryReadEvent(ref reader);
            case UplinkKind.Gap:
                return TryReadGap(ref reader, source, stream);
            default:
                return TryReadRejection(ref reader);
        }
    }

    private static bool TryKind(in Utf8JsonReader reader, out UplinkKind kind)
    {
        kind = default;
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length != 1)
            return false;
        var at = "rwegx"u8.IndexOf(reader.ValueSpan[0]);
        kind = (UplinkKind)at;
        return at >= 0;
    }

    private void Reset()
    {
        (Number, Kind, PayloadBytes, Gateway, Device, Sampled) = (0, default, 0, null, default, null);
        (Window, Event, Gap, Rejection, error, rows) = (null, null, null, null, default, 0);
    }

    private bool Fail(long offset, string reason)
    {
        error = new PayloadError((int)offset, reason);
        return false;
    }
}
