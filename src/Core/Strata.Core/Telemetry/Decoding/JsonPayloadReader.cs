using Strata.Core.Devices;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>Reads Strata's JSON forms into a batch, as the project's README states them.</summary>
internal ref struct JsonPayloadReader(DeviceId device, ReadOnlySpan<byte> payload, long now, ReadingBatch batch, PayloadLimits limits)
{
    private readonly ReadOnlySpan<byte> payload = payload;
    private readonly DecodeScratch scratch = DecodeScratch.Mine;
    private readonly int firstRow = batch.Count;
    private JsonCursor cursor = new(payload);
    private long time = EventTime.Arrival;

    public readonly PayloadError Error => cursor.Error;

    /// <summary>Refuse booleans and texts, but the text of <see cref="MetricName.Firmware"/>.</summary>
    public bool NumbersOnly { get; init; }

    /// <summary>Reads the whole payload. Rows may have been added when it returns false.</summary>
    /// <param name="prefix">Stands before each name, with its dot; empty for none.</param>
    public bool Read(ReadOnlySpan<byte> prefix)
    {
        prefix.CopyTo(scratch.Path);
        return cursor.Peek() switch
        {
            (byte)'{' => ReadRecord(prefix.Length, 1) && cursor.ReadEnd(),
            (byte)'[' => ReadArray(prefix.Length) && cursor.ReadEnd(),
            _ => cursor.Unexpected("A payload begins with a brace or a bracket."),
        };
    }

    private bool ReadArray(int path)
    {
        if (limits.MaxDepth < 2)
            return TooDeep();
        cursor.At++;
        if (cursor.Peek() == ']')
            return cursor.Fail(cursor.At, "An empty array holds no reading.");
        for (var more = true; more;)
        {
            if (cursor.Peek() != '{')
                return cursor.Unexpected("An array holds objects only.");
            if (!ReadRecord(path, 2) || !cursor.ReadSeparator((byte)']', out more))
                return false;
        }
        return true;
    }

    /// <summary>An object at the top level or in the outermost array: a time, and either <c>values</c> or names with values.</summary>
    private bool ReadRecord(int path, int depth)
    {
        time = EventTime.Arrival;
        scratch.Claims.Clear();
        var record = new Record(batch.Count);
        var open = cursor.At++;
        for (var more = cursor.Peek() != '}'; more;)
        {
            if (!ReadKey(out var key, out var keyAt) || !ReadRecordMember(key, keyAt, path, depth, ref record) || !cursor.ReadSeparator((byte)'}', out more))
                return false;
        }
        return batch.Count > record.FirstRow || cursor.Fail(open, "An object without a value holds no reading.");
    }

    private bool ReadRecordMember(ReadOnlySpan<byte> key, int keyAt, int path, int depth, ref Record record)
    {
        if (key.SequenceEqual("ts"u8))
            return ReadTime(keyAt, ref record);
        if (key.SequenceEqual("values"u8))
        {
            if (record.HasValues)
                return cursor.Fail(keyAt, "The name stands twice in the object.");
            if (record.HasNames)
                return cursor.Fail(keyAt, "An object with 'values' has only 'ts' beside it.");
            record.HasValues = true;
            if (cursor.Peek() != '{')
                return cursor.Unexpected("'values' must be an object of names and values.");
            return depth < limits.MaxDepth ? ReadMembers(path, depth + 1) : TooDeep();
        }
        if (record.HasValues)
            return cursor.Fail(keyAt, "An object with 'values' has only 'ts' beside it.");
        record.HasNames = true;
        return ReadMember(key, keyAt, path, depth);
    }

    private bool ReadTime(int keyAt, ref Record record)
    {
        if (record.HasTime)
            return cursor.Fail(keyAt, "The name stands twice in the object.");
        record.HasTime = true;
        cursor.Peek();
        var at = cursor.At;
        if (!cursor.ReadMilliseconds(out time))
            return false;
        if (!EventTime.IsPlausible(time, now))
            return cursor.Fail(at, PayloadDecoder.ImplausibleTime(time));
        batch.Times[record.FirstRow..].Fill(time);
        return true;
    }

    /// <summary>Reads the members of an object whose names stand behind <paramref name="path"/>.</summary>
    private bool ReadMembers(int path, int depth)
    {
        var open = cursor.At++;
        if (cursor.Peek() == '}')
            return cursor.Fail(open, "An object without a value holds no reading.");
        for (var more = true; more;)
        {
            if (!ReadKey(out var key, out var keyAt) || !ReadMember(key, keyAt, path, depth) || !cursor.ReadSeparator((byte)'}', out more))
                return false;
        }
        return true;
    }

    /// <summary>Reads a name and its colon. The name's escapes are resolved.</summary>
    private bool ReadKey(out ReadOnlySpan<byte> key, out int keyAt)
    {
        key = default;
        keyAt = 0;
        if (cursor.Peek() != '"')
            return cursor.Unexpected("A name in quotes is expected here.");
        keyAt = cursor.At + 1;
        if (!cursor.ReadString(out key, out var escaped))
            return false;
        if (escaped)
        {
            if (!ResolveKey(key, keyAt, out var length))
                return false;
            key = scratch.Key.AsSpan(0, length);
        }
        return cursor.ReadColon();
    }

    private bool ResolveKey(scoped ReadOnlySpan<byte> key, int keyAt, out int length)
    {
        length = 0;
        if (key.Length > scratch.Key.Length)
            return cursor.Fail(keyAt, NameTooLong());
        if (!cursor.CheckString(key, keyAt))
            return false;
        return JsonEscapes.TryResolve(key, scratch.Key, out length, out var bad, out var reason) || cursor.Fail(keyAt + bad, reason!);
    }

    private bool ReadMember(ReadOnlySpan<byte> key, int keyAt, int path, int depth)
    {
        if (path + key.Length > limits.MaxNameLength)
            return cursor.Fail(keyAt, NameTooLong());
        var nested = cursor.Peek() == '{';
        if (key.IsEmpty)
            return cursor.Fail(keyAt, "A metric name must not be empty.");
        if (path > 0 || nested)
        {
            key.CopyTo(scratch.Path.AsSpan(path));
            key = scratch.Path.AsSpan(0, path + key.Length);
        }
        if (!MetricNames.TryGet(key, out var name, out var bad, out var reason))
            return cursor.Fail(Math.Min(keyAt + Math.Max(0, bad - path), cursor.At), reason!);
        if (!scratch.Claims.TryClaim(name.Value))
            return cursor.Fail(keyAt, "The name stands twice in the object, or collides with a nested one after flattening.");
        if (!nested)
            return ReadValue(name, keyAt);
        if (depth >= limits.MaxDepth)
            return TooDeep();
        scratch.Path[key.Length] = (byte)'.';
        return ReadMembers(key.Length + 1, depth + 1);
    }

    private bool ReadValue(MetricName name, int keyAt)
    {
        if (batch.Count - firstRow >= limits.MaxReadings)
            return cursor.Fail(keyAt, $"A payload holds at most {limits.MaxReadings} readings.");
        var first = cursor.Peek();
        if (NumbersOnly && (first is (byte)'t' or (byte)'f' || (first == (byte)'"' && name.Value != MetricName.Firmware)))
            return cursor.Fail(cursor.At, "A health value is a number; the firmware's version may be a text.");
        switch (first)
        {
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                if (!cursor.ReadNumber(out var number))
                    return false;
                batch.Add(device, name, time, number);
                return true;
            case (byte)'t':
                if (!cursor.ReadLiteral("true"u8))
                    return false;
                batch.Add(device, name, time, true);
                return true;
            case (byte)'f':
                if (!cursor.ReadLiteral("false"u8))
                    return false;
                batch.Add(device, name, time, false);
                return true;
            case (byte)'"':
                if (!TextValues.TryRead(ref cursor, scratch, limits, out var text))
                    return false;
                batch.Add(device, name, time, text);
                return true;
            case (byte)'n':
                return cursor.Fail(cursor.At, "null is not a value; leave the metric out.");
            case (byte)'[':
                return cursor.Fail(cursor.At, "An array is not a value.");
            default:
                return cursor.Unexpected("A value is a number, true, false, a text or an object.");
        }
    }

    private bool TooDeep() => cursor.Fail(cursor.At, $"A payload has at most {limits.MaxDepth} levels of objects and arrays.");

    private readonly string NameTooLong() => $"A metric name has at most {limits.MaxNameLength} characters, nested names with their dots.";

    private struct Record(int firstRow)
    {
        public readonly int FirstRow = firstRow;
        public bool HasTime;
        public bool HasValues;
        public bool HasNames;
    }
}
