using Strata.Core.Devices;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>
/// Reads a SenML pack in JSON (RFC 8428) into a batch. Units are checked to be texts and dropped; <c>s</c> becomes the metric
/// <c>NAME.sum</c>; <c>vd</c> is refused, for a reading holds no bytes.
/// </summary>
internal ref partial struct SenmlReader(DeviceId device, ReadOnlySpan<byte> payload, long now, ReadingBatch batch, PayloadLimits limits)
{
    /// <summary>The version that RFC 8428 describes, and the default.</summary>
    private const double KnownVersion = 10;

    /// <summary>Times below 2^28 seconds are relative to now (RFC 8428, section 4.5.3).</summary>
    private const long RelativeBelow = (1L << 28) * 1_000_000;

    private readonly DecodeScratch scratch = DecodeScratch.Mine;
    private readonly int firstRow = batch.Count;
    private JsonCursor cursor = new(payload);
    private SenmlBase bases;

    public readonly PayloadError Error => cursor.Error;

    public bool Read()
    {
        if (cursor.Peek() != '[')
            return cursor.Unexpected("A SenML pack is an array of records.");
        var open = cursor.At++;
        for (var more = cursor.Peek() != ']'; more;)
        {
            if (!ReadRecord() || !cursor.ReadSeparator((byte)']', out more))
                return false;
        }
        if (batch.Count == firstRow)
            return cursor.Fail(open, "The pack holds no reading.");
        return cursor.ReadEnd();
    }

    private bool ReadRecord()
    {
        if (cursor.Peek() != '{')
            return cursor.Unexpected("A SenML pack holds records, which are objects.");
        var record = new SenmlRecord { At = cursor.At++ };
        for (var more = cursor.Peek() != '}'; more;)
        {
            if (cursor.Peek() != '"')
                return cursor.Unexpected("A name in quotes is expected here.");
            var keyAt = cursor.At + 1;
            if (!ReadText(scratch.Key, out var length) || !cursor.ReadColon())
                return false;
            cursor.Peek();
            if (!ReadField(scratch.Key.AsSpan(0, length), keyAt, ref record) || !cursor.ReadSeparator((byte)'}', out more))
                return false;
        }
        if (record.Seen == SenmlLabels.None)
            return cursor.Fail(record.At, "A record needs at least one field.");
        return Resolve(record);
    }

    private bool ReadField(ReadOnlySpan<byte> key, int keyAt, ref SenmlRecord record)
    {
        var label = Label(key);
        if (label == SenmlLabels.None)
        {
            return key.EndsWith("_"u8)
                ? cursor.Fail(keyAt, "A field whose name ends in _ must be understood, and this one is not known (RFC 8428, section 4.4).")
                : cursor.SkipValue(Math.Max(0, limits.MaxDepth - 2));
        }
        if (record.Has(label))
            return cursor.Fail(keyAt, "The field stands twice in the record.");
        if ((label & SenmlLabels.AnyValue) != 0 && record.Has(SenmlLabels.AnyValue))
            return cursor.Fail(keyAt, "A record has at most one of v, vs, vb and vd.");
        record.Seen |= label;
        bases.Seen |= label & SenmlLabels.AnyBase;
        return ReadKnown(label, keyAt, ref record);
    }

    private bool ReadKnown(SenmlLabels label, int keyAt, ref SenmlRecord record)
    {
        switch (label)
        {
            case SenmlLabels.BaseName:
                bases.NameAt = cursor.At;
                return ReadText(scratch.BaseName, out bases.NameLength);
            case SenmlLabels.Name:
                record.NameAt = cursor.At;
                return ReadText(scratch.Name, out record.NameLength);
            case SenmlLabels.BaseUnit or SenmlLabels.Unit:
                return ReadText(scratch.Path, out _);
            case SenmlLabels.BaseTime:
                return ReadSeconds(out bases.Time, ref record);
            case SenmlLabels.Time:
                return ReadSeconds(out record.Time, ref record);
            case SenmlLabels.BaseValue:
                return ReadNumber(out bases.Value);
            case SenmlLabels.Value:
                return ReadNumber(out record.Value);
            case SenmlLabels.BaseSum:
                return ReadNumber(out bases.Sum);
            case SenmlLabels.Sum:
                return ReadNumber(out record.Sum);
            case SenmlLabels.UpdateTime:
                return ReadNumber(out _);
            case SenmlLabels.BaseVersion:
                return ReadVersion();
            case SenmlLabels.Boolean:
                return ReadBoolean(out record.Boolean);
            case SenmlLabels.Text:
                if (cursor.Peek() != '"')
                    return cursor.Unexpected("The field must be a text.");
                return TextValues.TryRead(ref cursor, scratch, limits, out record.Text!);
            default:
                return cursor.Fail(keyAt, "A reading is a number, a boolean or a text; binary data (vd) cannot be stored.");
        }
    }

    private bool ReadNumber(out double value)
    {
        value = 0;
        return cursor.Peek() is (byte)'-' or (>= (byte)'0' and <= (byte)'9') ? cursor.ReadNumber(out value) : cursor.Unexpected("The field must be a number.");
    }

    private bool ReadBoolean(out bool value)
    {
        value = cursor.Peek() == 't';
        return value ? cursor.ReadLiteral("true"u8)
            : cursor.Peek() == 'f' ? cursor.ReadLiteral("false"u8)
            : cursor.Unexpected("The field must be true or false.");
    }

    private bool ReadVersion()
    {
        var at = cursor.At;
        if (!ReadNumber(out var version))
            return false;
        if (version < 1 || version != Math.Floor(version))
            return cursor.Fail(at, "The version must be a positive integer.");
        return version <= KnownVersion || cursor.Fail(at, "The pack's version is above 10, the one that is understood here.");
    }

    private bool ReadSeconds(out long microseconds, ref SenmlRecord record)
    {
        microseconds = 0;
        record.TimeAt = cursor.At;
        if (!ReadNumber(out var seconds))
            return false;
        // Beyond this no time is plausible; below it the sum of two fits.
        if (Math.Abs(seconds) > 1e12)
            return cursor.Fail(record.TimeAt, "The time is out of range; it counts seconds since 1970-01-01 UTC.");
        microseconds = (long)Math.Round(seconds * 1e6);
        return true;
    }

    /// <summary>Reads a string into a buffer, checked and unescaped.</summary>
    private bool ReadText(Span<byte> to, out int length)
    {
        length = 0;
        if (cursor.Peek() != '"')
            return cursor.Unexpected("The field must be a text.");
        var start = cursor.At + 1;
        if (!cursor.ReadString(out var raw, out var escaped) || !cursor.CheckString(raw, start))
            return false;
        if (raw.Length > DecodeScratch.MaxSenmlName)
            return cursor.Fail(start, $"A name has at most {DecodeScratch.MaxSenmlName} bytes here.");
        if (!escaped)
        {
            raw.CopyTo(to);
            length = raw.Length;
            return true;
        }
        return JsonEscapes.TryResolve(raw, to, out length, out var bad, out var reason) || cursor.Fail(start + bad, reason!);
    }
}
