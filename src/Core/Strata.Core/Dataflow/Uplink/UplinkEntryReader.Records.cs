using System.Text;
using System.Text.Json;
using Strata.Core.Devices;

namespace Strata.Core.Dataflow.Uplink;

public sealed partial class UplinkEntryReader
{
    private const int MaxSubjectBytes = 1024;
    private const int MaxKindBytes = 64;

    private bool TryReadEvent(ref Utf8JsonReader reader)
    {
        var at = reader.TokenStartIndex;
        if (!TryReadMembers(ref reader, out var m))
            return false;
        if (m.Time is not { } time || m.Kind is not { Length: > 0 } kind)
            return Fail(at, "An event needs 't' and 'k'.");
        if (m.Detail is { Length: > FleetEvent.MaxDetailBytes / 4 } detail && Encoding.UTF8.GetByteCount(detail) is var length && length > FleetEvent.MaxDetailOf(kind))
            return Fail(at, $"'x' of such an event has at most {FleetEvent.MaxDetailOf(kind)} bytes.");
        if (m.Subject is null || !DeviceId.TryParse(m.Subject, out var device))
        {
            if (m.Subject is not null)
                return Fail(at, "'d' is a device id.");
            Event = new FleetEvent(time, kind, null, Gateway, m.Detail ?? "");
            return true;
        }
        Event = new FleetEvent(time, kind, device, Gateway, m.Detail ?? "");
        return true;
    }

    private bool TryReadGap(ref Utf8JsonReader reader, string source, string stream)
    {
        var at = reader.TokenStartIndex;
        if (!TryReadMembers(ref reader, out var m))
            return false;
        if (m.First is not >= 1 || m.Last is not { } last || last < m.First)
            return Fail(at, "A gap needs 'f' from 1 and 'l' not below it.");
        if (m.Source is null != m.Stream is null || m.Source is { Length: 0 } || m.Stream is { Length: 0 })
            return Fail(at, "A gap below the sender needs both 's' and 'q'.");
        if (m.Detail is { Length: > FleetEvent.MaxDetailBytes })
            return Fail(at, $"'x' has at most {FleetEvent.MaxDetailBytes} bytes.");
        Gap = new GapRecord(m.Source ?? source, m.Stream ?? stream, m.First.Value, last, m.Count ?? 0, m.From, m.To, m.Detail ?? "");
        return true;
    }

    private bool TryReadRejection(ref Utf8JsonReader reader)
    {
        var at = reader.TokenStartIndex;
        if (!TryReadMembers(ref reader, out var m))
            return false;
        if (m.Time is not { } time || m.Detail is not { Length: > 0 } reason)
            return Fail(at, "A rejection needs 't' and 'x'.");
        if (reason.Length > FleetEvent.MaxDetailBytes)
            return Fail(at, $"'x' has at most {FleetEvent.MaxDetailBytes} bytes.");
        Rejection = new UplinkRejection(time, m.Subject ?? "", m.Kind ?? "authentication", reason, m.Count ?? 1);
        return true;
    }

    private bool TryReadMembers(ref Utf8JsonReader reader, out Members m)
    {
        m = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            reader.Read();
            var good = name switch
            {
                [(byte)'t'] => SetTime(reader, ref m.Time),
                [(byte)'t', (byte)'0'] => SetTime(reader, ref m.From),
                [(byte)'t', (byte)'1'] => SetTime(reader, ref m.To),
                [(byte)'k'] => SetText(ref reader, MaxKindBytes, ref m.Kind),
                [(byte)'d'] => SetText(ref reader, MaxSubjectBytes, ref m.Subject),
                [(byte)'x'] => SetText(ref reader, FleetEvent.MaxResponseBytes, ref m.Detail),
                [(byte)'f'] => SetCount(ref reader, ref m.First),
                [(byte)'l'] => SetCount(ref reader, ref m.Last),
                [(byte)'n'] => SetCount(ref reader, ref m.Count),
                [(byte)'s'] => SetText(ref reader, DeviceId.MaxLength, ref m.Source),
                [(byte)'q'] => SetText(ref reader, MaxKindBytes, ref m.Stream),
                [(byte)'g'] => SetGateway(ref reader),
                _ => reader.TrySkip(),
            };
            if (!good)
                return Fail(reader.TokenStartIndex, "This member of the entry is not as it must be.");
        }
        return true;
    }

    private static bool SetTime(in Utf8JsonReader reader, ref long? target)
    {
        var good = UplinkJson.TryTime(reader, out var time);
        target = time;
        return good;
    }

    private static bool SetText(ref Utf8JsonReader reader, int maxBytes, ref string? target)
    {
        var good = UplinkJson.TryText(ref reader, maxBytes, out var text);
        target = text;
        return good;
    }

    private static bool SetCount(ref Utf8JsonReader reader, ref long? target)
    {
        var good = UplinkJson.TryCount(ref reader, out var count);
        target = count;
        return good;
    }

    private bool SetGateway(ref Utf8JsonReader reader)
    {
        var good = UplinkJson.TryGateway(ref reader, out var gateway);
        Gateway = gateway;
        return good;
    }

    /// <summary>The members that events, gaps and rejections have between them.</summary>
    private struct Members
    {
        public long? Time, From, To, First, Last, Count;
        public string? Kind, Subject, Detail, Source, Stream;
    }
}
