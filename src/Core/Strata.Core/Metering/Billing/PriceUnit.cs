namespace Strata.Core.Metering.Billing;

/// <summary>What a price is for. Closed; the numbers are kept in tables and digests.</summary>
public enum PriceUnit
{
    /// <summary><c>million-messages</c>: 1,000,000 messages taken in.</summary>
    MillionMessages = 1,

    /// <summary><c>mb</c>: 1,000,000 bytes of payload taken in.</summary>
    Megabyte = 2,

    /// <summary><c>gb</c>: 1,000,000,000 bytes of payload taken in.</summary>
    Gigabyte = 3,

    /// <summary><c>gb-month</c>: 1,000,000,000 bytes kept for a whole month.</summary>
    GigabyteMonth = 4,

    /// <summary><c>thousand-api-calls</c>: 1,000 requests to the API.</summary>
    ThousandApiCalls = 5,

    /// <summary><c>device-month</c>: one device for a whole month.</summary>
    DeviceMonth = 6,
}

/// <summary>The units' names, sizes and what of the meter they count.</summary>
public static class PriceUnits
{
    private static readonly (PriceUnit Unit, string Name, string Title, string Measure)[] Table =
    [
        (PriceUnit.MillionMessages, "million-messages", "million messages", "messages"), (PriceUnit.Megabyte, "mb", "MB taken in", "bytes"),
        (PriceUnit.Gigabyte, "gb", "GB taken in", "bytes"), (PriceUnit.GigabyteMonth, "gb-month", "GB months of storage", "byte hours"),
        (PriceUnit.ThousandApiCalls, "thousand-api-calls", "thousand API calls", "calls"), (PriceUnit.DeviceMonth, "device-month", "device months", "device hours"),
    ];

    /// <summary>In the order of the enumeration: that of a statement's lines.</summary>
    public static IReadOnlyList<PriceUnit> All { get; } = [.. Table.Select(t => t.Unit)];

    /// <summary>As in API and files, for example <c>gb-month</c>.</summary>
    public static string NameOf(PriceUnit unit) => Table[(int)unit - 1].Name;

    /// <summary>For people, in the plural, for example <c>GB months of storage</c>.</summary>
    public static string TitleOf(PriceUnit unit) => Table[(int)unit - 1].Title;

    /// <summary>What an hour's quantity is counted in, for example <c>byte hours</c>: whole numbers, of which <see cref="SizeOf"/> make one unit.</summary>
    public static string MeasureOf(PriceUnit unit) => Table[(int)unit - 1].Measure;

    public static bool TryParse(string? name, out PriceUnit unit)
    {
        unit = Array.Find(Table, t => t.Name == name).Unit;
        return unit != default;
    }

    /// <summary>How many of <see cref="MeasureOf"/> make one unit in this month.</summary>
    public static decimal SizeOf(PriceUnit unit, BillingMonth month) => unit switch
    {
        PriceUnit.MillionMessages or PriceUnit.Megabyte => 1_000_000m,
        PriceUnit.Gigabyte => 1_000_000_000m,
        PriceUnit.GigabyteMonth => 1_000_000_000m * month.Hours,
        PriceUnit.ThousandApiCalls => 1_000m,
        PriceUnit.DeviceMonth => month.Hours,
        _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, null),
    };

    /// <summary>What the meter counted of it in one hour.</summary>
    public static long CountOf(PriceUnit unit, UsageHour hour) => unit switch
    {
        PriceUnit.MillionMessages => hour.MessagesIn,
        PriceUnit.Megabyte or PriceUnit.Gigabyte => hour.BytesIn,
        PriceUnit.GigabyteMonth => hour.StorageBytes,
        PriceUnit.ThousandApiCalls => hour.ApiCalls,
        PriceUnit.DeviceMonth => hour.Devices,
        _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, null),
    };
}
