using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Strata.Core.Metering.Billing;

/// <summary>A calendar month in UTC: the period of plans, statements and service levels. Written <c>2026-11</c>.</summary>
public readonly record struct BillingMonth : IComparable<BillingMonth>
{
    private readonly int months; // Since year 1, so that default is the first month there is.

    private BillingMonth(int months) => this.months = months;

    public int Year => (months / 12) + 1;

    /// <summary>1 to 12.</summary>
    public int Number => (months % 12) + 1;

    /// <summary>The first instant; inclusive.</summary>
    public DateTimeOffset Start => new(Year, Number, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The first instant of the next month; exclusive.</summary>
    public DateTimeOffset End => Start.AddMonths(1);

    /// <summary>672 to 744: what byte hours and device hours are divided by to make GB months and device months.</summary>
    public int Hours => DateTime.DaysInMonth(Year, Number) * 24;

    public BillingMonth Next => new(months + 1);

    public BillingMonth Previous => new(months - 1);

    /// <summary>The month in which an instant lies.</summary>
    public static BillingMonth Of(DateTimeOffset time) => new(((time.UtcDateTime.Year - 1) * 12) + time.UtcDateTime.Month - 1);

    /// <summary>From a number such as 202611, as tables keep it.</summary>
    public static BillingMonth FromNumber(int number) => new((((number / 100) - 1) * 12) + (number % 100) - 1);

    /// <summary>A number such as 202611: sorts as the months do.</summary>
    public int ToNumber() => (Year * 100) + Number;

    /// <summary>Parses <c>2026-11</c>; years 2000 to 9998.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out BillingMonth month)
    {
        month = default;
        if (text is not { Length: 7 } || text[4] != '-'
            || !int.TryParse(text.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture, out var year) || year is < 2000 or > 9998
            || !int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 12)
            return false;
        month = FromNumber((year * 100) + number);
        return true;
    }

    public int CompareTo(BillingMonth other) => months.CompareTo(other.months);

    public static bool operator <(BillingMonth a, BillingMonth b) => a.months < b.months;

    public static bool operator >(BillingMonth a, BillingMonth b) => a.months > b.months;

    public static bool operator <=(BillingMonth a, BillingMonth b) => a.months <= b.months;

    public static bool operator >=(BillingMonth a, BillingMonth b) => a.months >= b.months;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Year:0000}-{Number:00}");
}
