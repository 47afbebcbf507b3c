using System.Globalization;

namespace Strata.Core.Telemetry.Decoding;

internal ref partial struct JsonCursor
{
    /// <summary>The largest integer that a double holds without a hole below it.</summary>
    private const ulong MaxExactInteger = 1UL << 53;

    private const string TooEarly = "The payload ends inside a number.";

    /// <summary>Powers of ten that a double holds exactly; a mantissa up to 2^53 times or by one of them is rounded once, so correctly.</summary>
    private static readonly double[] PowersOfTen =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <summary>
    /// Takes a number, correctly rounded to a double. Refused: an integer (no point, no exponent) beyond 2^53 either way, and whatever would
    /// be infinite. The next byte must be a minus or a digit.
    /// </summary>
    public bool ReadNumber(out double value)
    {
        value = 0;
        var start = At;
        var negative = data[At] == '-';
        var mantissa = new Mantissa();
        var i = negative ? At + 1 : At;
        var first = i;
        i = TakeDigits(i, ref mantissa);
        if (i == first)
            return Broken(i, "A digit is expected here.");
        if (i - first > 1 && data[first] == '0')
            return Fail(first, "A number must not begin with a zero that other digits follow.");
        var point = (uint)i < (uint)data.Length ? data[i] : (byte)0;
        if (point != '.' && (point | 0x20) != 'e')
        {
            At = i;
            value = negative ? -(double)mantissa.Digits : mantissa.Digits;
            return (!mantissa.Truncated && mantissa.Digits <= MaxExactInteger)
                || Fail(start, "An integer beyond 2^53 cannot be kept exactly; send it as a text or with a decimal point.");
        }
        var exponent = 0;
        if (point == '.')
        {
            var after = ++i;
            i = TakeDigits(i, ref mantissa);
            if (i == after)
                return Broken(i, "A digit must follow the decimal point.");
            exponent = after - i;
        }
        if ((uint)i < (uint)data.Length && (data[i] | 0x20) == 'e' && !TakeExponent(ref i, ref exponent))
            return false;
        At = i;
        if (!mantissa.Truncated && mantissa.Digits <= MaxExactInteger && exponent is >= -22 and <= 22)
        {
            value = exponent < 0 ? mantissa.Digits / PowersOfTen[-exponent] : mantissa.Digits * PowersOfTen[exponent];
            value = negative ? -value : value;
            return true;
        }
        return (double.TryParse(data[start..i], NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value))
            || Fail(start, "The number is too large for a double.");
    }

    /// <summary>
    /// Takes a time in milliseconds, with up to three decimals that count (further ones are dropped), as microseconds. No exponent, no sign.
    /// </summary>
    public bool ReadMilliseconds(out long microseconds)
    {
        microseconds = 0;
        var start = At;
        var mantissa = new Mantissa();
        var i = TakeDigits(At, ref mantissa);
        if (i == start)
            return Unexpected("A time must be a number of milliseconds since 1970-01-01 UTC.");
        if (i - start > 1 && data[start] == '0')
            return Fail(start, "A number must not begin with a zero that other digits follow.");
        if (mantissa.Truncated || mantissa.Digits > long.MaxValue / 1000 - 1)
            return Fail(start, "The time is out of range; it counts milliseconds since 1970-01-01 UTC.");
        microseconds = (long)mantissa.Digits * 1000;
        if ((uint)i < (uint)data.Length && data[i] == '.')
        {
            var after = ++i;
            i = TakeDigits(i, ref mantissa);
            if (i == after)
                return Broken(i, "A digit must follow the decimal point.");
            for (var (k, unit) = (after, 100); k < i && unit > 0; k++, unit /= 10)
                microseconds += (data[k] - '0') * unit;
        }
        if ((uint)i < (uint)data.Length && (data[i] | 0x20) == 'e')
            return Fail(i, "A time is written without an exponent.");
        At = i;
        return true;
    }

    private readonly int TakeDigits(int i, ref Mantissa mantissa)
    {
        for (; (uint)i < (uint)data.Length; i++)
        {
            var digit = (uint)(data[i] - '0');
            if (digit > 9)
                break;
            mantissa.Add(digit);
        }
        return i;
    }

    private bool TakeExponent(ref int i, ref int exponent)
    {
        i++;
        var negative = (uint)i < (uint)data.Length && data[i] == '-';
        if ((uint)i < (uint)data.Length && data[i] is (byte)'-' or (byte)'+')
            i++;
        var power = new Mantissa();
        var first = i;
        i = TakeDigits(i, ref power);
        if (i == first)
            return Broken(i, "A digit must follow the exponent's letter.");
        var size = power.Truncated || power.Digits > 100_000 ? 100_000 : (int)power.Digits;
        exponent += negative ? -size : size;
        return true;
    }

    private bool Broken(int at, string reason) => at >= data.Length ? Fail(data.Length, TooEarly) : Fail(at, reason);

    /// <summary>Decimal digits gathered into an integer as long as they fit.</summary>
    private struct Mantissa
    {
        public ulong Digits;
        public bool Truncated;

        public void Add(uint digit)
        {
            if (Digits < 100_000_000_000_000_000)
                Digits = Digits * 10 + digit;
            else
                Truncated = true;
        }
    }
}
