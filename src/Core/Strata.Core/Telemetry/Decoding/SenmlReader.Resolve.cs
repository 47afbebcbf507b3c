namespace Strata.Core.Telemetry.Decoding;

internal ref partial struct SenmlReader
{
    private static ReadOnlySpan<byte> SumSuffix => ".sum"u8;

    private static SenmlLabels Label(ReadOnlySpan<byte> key) => key switch
    {
        [(byte)'n'] => SenmlLabels.Name,
        [(byte)'u'] => SenmlLabels.Unit,
        [(byte)'v'] => SenmlLabels.Value,
        [(byte)'s'] => SenmlLabels.Sum,
        [(byte)'t'] => SenmlLabels.Time,
        [(byte)'v', (byte)'s'] => SenmlLabels.Text,
        [(byte)'v', (byte)'b'] => SenmlLabels.Boolean,
        [(byte)'v', (byte)'d'] => SenmlLabels.Data,
        [(byte)'u', (byte)'t'] => SenmlLabels.UpdateTime,
        [(byte)'b', (byte)'n'] => SenmlLabels.BaseName,
        [(byte)'b', (byte)'t'] => SenmlLabels.BaseTime,
        [(byte)'b', (byte)'u'] => SenmlLabels.BaseUnit,
        [(byte)'b', (byte)'v'] => SenmlLabels.BaseValue,
        [(byte)'b', (byte)'s'] => SenmlLabels.BaseSum,
        [(byte)'b', (byte)'v', (byte)'e', (byte)'r'] => SenmlLabels.BaseVersion,
        _ => SenmlLabels.None,
    };

    /// <summary>Adds the readings of a record that has been read whole.</summary>
    private bool Resolve(in SenmlRecord record)
    {
        var hasSum = record.Has(SenmlLabels.Sum);
        // A base value stands in for a value left out (RFC 8428, section 4.5.4), but a record of base fields alone only sets them.
        var hasNumber = record.Has(SenmlLabels.Value)
            || (!record.Has(SenmlLabels.AnyValue) && !hasSum && (bases.Seen & SenmlLabels.BaseValue) != 0 && (record.Seen & ~SenmlLabels.AnyBase) != 0);
        if (!hasNumber && !hasSum && !record.Has(SenmlLabels.AnyValue))
            return (record.Seen & ~SenmlLabels.AnyBase) == 0 || cursor.Fail(record.At, "A record needs a value (v, vs, vb) or a sum (s).");
        if (!ResolveTime(record, out var time) || !ResolveName(record, default, out var name))
            return false;
        if (hasNumber && !AddNumber(record, name, time, bases.Value + record.Value))
            return false;
        if (record.Has(SenmlLabels.Boolean) && !Add(record, name, time, ReadingKind.Boolean, record.Boolean ? 1 : 0, null))
            return false;
        if (record.Has(SenmlLabels.Text) && !Add(record, name, time, ReadingKind.Text, 0, record.Text))
            return false;
        return !hasSum || (ResolveName(record, SumSuffix, out name) && AddNumber(record, name, time, bases.Sum + record.Sum));
    }

    private bool ResolveTime(in SenmlRecord record, out long time)
    {
        time = bases.Time + record.Time;
        if (time == 0)
        {
            time = EventTime.Arrival;
            return true;
        }
        if (Math.Abs(time) < RelativeBelow)
            time += now;
        return EventTime.IsPlausible(time, now)
            || cursor.Fail(record.TimeAt > 0 ? record.TimeAt : record.At, PayloadDecoder.ImplausibleTime(time));
    }

    private bool ResolveName(in SenmlRecord record, ReadOnlySpan<byte> suffix, out MetricName name)
    {
        name = default;
        var at = record.NameAt > 0 ? record.NameAt : record.Has(SenmlLabels.BaseName) ? bases.NameAt : record.At;
        scratch.BaseName.AsSpan(0, bases.NameLength).CopyTo(scratch.Path);
        scratch.Name.AsSpan(0, record.NameLength).CopyTo(scratch.Path.AsSpan(bases.NameLength));
        var full = scratch.Path.AsSpan(0, bases.NameLength + record.NameLength);
        if (!SenmlName.TryResolve(full, device, out var start, out var reason))
            return cursor.Fail(at, reason!);
        var length = full.Length - start + suffix.Length;
        if (length > limits.MaxNameLength)
            return cursor.Fail(at, $"A metric name has at most {limits.MaxNameLength} characters.");
        suffix.CopyTo(scratch.Path.AsSpan(full.Length));
        return MetricNames.TryGet(scratch.Path.AsSpan(start, length), out name, out _, out reason) || cursor.Fail(at, reason!);
    }

    private bool AddNumber(in SenmlRecord record, MetricName name, long time, double number) =>
        double.IsFinite(number)
            ? Add(record, name, time, ReadingKind.Number, number, null)
            : cursor.Fail(record.At, "The number is too large for a double.");

    private bool Add(in SenmlRecord record, MetricName name, long time, ReadingKind kind, double number, string? text)
    {
        if (batch.Count - firstRow >= limits.MaxReadings)
            return cursor.Fail(record.At, $"A payload holds at most {limits.MaxReadings} readings.");
        batch.Add(device, name, time, kind, number, text);
        return true;
    }
}
