using Strata.Core.Devices;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry;

/// <summary>
/// What the running commit adds to the hours of usage, by tenant and device class: what a store writes with it. The number of classes of a tenant's hour is bounded. The writer's alone.
/// </summary>
internal sealed class UsageBook(IDeviceClasses classes)
{
    private readonly Dictionary<(TenantId Tenant, DateTimeOffset Hour), Dictionary<string, UsageCounter>> hours = [];
    private readonly List<UsageCounter> touched = [];
    private DateTimeOffset now;
    private int version;

    /// <summary>What has something to be written, in no order.</summary>
    public IReadOnlyList<UsageCounter> Touched => touched;

    /// <summary>Begins a commit.</summary>
    /// <param name="time">Microseconds.</param>
    public void Begin(long time)
    {
        Forget();
        version = classes.Version;
        var hour = UsageSums.HourOf(EventTime.ToDateTimeOffset(time));
        if (hour == now)
            return;
        now = hour;
        foreach (var old in hours.Keys.Where(k => k.Hour < hour.AddHours(-1)).ToList())
            hours.Remove(old);
    }

    /// <summary>Nothing of the running commit is to be written.</summary>
    public void Forget()
    {
        foreach (var counter in touched)
            counter.Clear();
        touched.Clear();
    }

    /// <summary>Says that a class of a tenant's hour has been counted before this process: it has its place.</summary>
    public void Know(TenantId tenant, DateTimeOffset hour, string deviceClass) => Find(tenant, hour, deviceClass);

    /// <summary>The counter for a device's class in the running hour.</summary>
    /// <param name="known">Where the device's counter is remembered.</param>
    public UsageCounter Of(TenantId tenant, DeviceId device, ref KnownClass known)
    {
        if (known.Counter is not { } counter || known.Version != version || counter.Hour != now)
            known = new KnownClass(counter = Find(tenant, now, classes.ClassOf(tenant, device)), version);
        return Touch(counter);
    }

    /// <summary>The counter for what no device did, in the running hour.</summary>
    public UsageCounter Of(TenantId tenant) => Touch(Find(tenant, now, ""));

    /// <summary>Adds what was counted elsewhere; gauges are handed on as they are.</summary>
    public void Add(TenantId tenant, UsageHour usage) => Touch(Find(tenant, UsageSums.HourOf(usage.Hour), usage.DeviceClass)).Add(usage);

    private UsageCounter Touch(UsageCounter counter)
    {
        if (!counter.IsTouched)
        {
            counter.IsTouched = true;
            touched.Add(counter);
        }
        return counter;
    }

    private UsageCounter Find(TenantId tenant, DateTimeOffset hour, string deviceClass)
    {
        if (!hours.TryGetValue((tenant, hour), out var known))
            hours[(tenant, hour)] = known = new Dictionary<string, UsageCounter>(StringComparer.Ordinal);
        if (known.TryGetValue(deviceClass, out var counter))
            return counter;
        // What no device did always has its place.
        var name = deviceClass.Length == 0 || known.Count < UsageHour.MaxClasses ? deviceClass : UsageHour.OtherClass;
        if (!known.TryGetValue(name, out counter))
            known[name] = counter = new UsageCounter(tenant, hour, name);
        return counter;
    }
}

/// <summary>A device's counter, and the version of the classes by which it was found.</summary>
internal readonly record struct KnownClass(UsageCounter? Counter, int Version);

/// <summary>What the running commit adds to one class of a tenant's hour.</summary>
internal sealed class UsageCounter(TenantId tenant, DateTimeOffset hour, string deviceClass)
{
    private UsageHour? added;

    public TenantId Tenant => tenant;

    public DateTimeOffset Hour => hour;

    public bool IsTouched { get; set; }

    public long Messages { get; set; }

    public long MessageBytes { get; set; }

    public long Readings { get; set; }

    public long ReadingBytes { get; set; }

    /// <summary>What is to be written; null for nothing.</summary>
    public UsageHour? Taken
    {
        get
        {
            if (added is null && (Messages | MessageBytes | Readings | ReadingBytes) == 0)
                return null;
            var other = added ?? new UsageHour(tenant, hour, deviceClass);
            return other with
            {
                MessagesIn = other.MessagesIn + Messages,
                BytesIn = other.BytesIn + MessageBytes,
                ReadingsStored = other.ReadingsStored + Readings,
                BytesStored = other.BytesStored + ReadingBytes,
            };
        }
    }

    /// <summary>Counts one message that was taken in.</summary>
    public void Message(int bytes)
    {
        Messages++;
        MessageBytes += bytes;
    }

    /// <summary>Counts one reading that is stored.</summary>
    public void Reading(string? text)
    {
        Readings++;
        ReadingBytes += SizeOf(text);
    }

    public void Add(UsageHour usage)
    {
        var before = added ?? new UsageHour(tenant, hour, deviceClass);
        added = UsageSums.Of([before, usage with { Tenant = tenant, Hour = hour, DeviceClass = deviceClass }], UsagePeriod.Hour, byClass: true)[0] with
        {
            Devices = Math.Max(before.Devices, usage.Devices),
            Connections = Math.Max(before.Connections, usage.Connections),
            StorageBytes = usage.StorageBytes > 0 ? usage.StorageBytes : before.StorageBytes,
        };
    }

    public void Clear()
    {
        (Messages, MessageBytes, Readings, ReadingBytes) = (0, 0, 0, 0);
        added = null;
        IsTouched = false;
    }

    /// <summary>What a reading counts as <see cref="UsageHour.BytesStored"/>.</summary>
    public static int SizeOf(string? text) => UsageHour.BytesPerReading + (text is null ? 0 : System.Text.Encoding.UTF8.GetByteCount(text));
}
