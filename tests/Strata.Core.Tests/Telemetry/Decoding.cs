using System.Text;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Core.Tests.Telemetry;

/// <summary>What the decoder's tests share: one device, one clock, one line per reading.</summary>
internal static class Decoding
{
    /// <summary>2023-01-17T03:00:00Z in milliseconds.</summary>
    public const long NowMilliseconds = 1_673_924_400_000;

    public const long Now = NowMilliseconds * 1000;

    public static readonly DeviceId Device = DeviceId.Parse("t-101");

    /// <summary>Decodes; the readings as <c>metric@time=value</c>, the time left out on arrival, text in quotes.</summary>
    public static string Rows(string payload, PayloadFormat format = PayloadFormat.Json)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        if (!PayloadDecoder.TryDecode(format, Device, Encoding.UTF8.GetBytes(payload), Now, batch, PayloadLimits.Default, out var error))
            Assert.Fail($"refused at {error}");
        batch.EndMessage();
        return Describe(batch);
    }

    public static string Describe(ReadingBatch batch) => string.Join(", ", Enumerable.Range(0, batch.Count).Select(row =>
    {
        var reading = batch[row];
        var value = reading.Value.Kind == ReadingKind.Text ? $"'{reading.Value}'" : reading.Value.ToString();
        return reading.Metric + (reading.Time == EventTime.Arrival ? "" : $"@{reading.Time}") + "=" + value;
    }));

    /// <summary>Decodes what must be refused.</summary>
    public static PayloadError Refusal(byte[] payload, PayloadFormat format = PayloadFormat.Json, PayloadLimits? limits = null)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        batch.Add(Device, MetricName.Parse("before"), Now, 1.0);
        batch.EndMessage();
        batch.BeginMessage();
        if (PayloadDecoder.TryDecode(format, Device, payload, Now, batch, limits ?? PayloadLimits.Default, out var error))
            Assert.Fail($"taken as {Describe(batch)}");
        Assert.Equal(1, batch.Count);
        batch.BeginMessage();
        Assert.InRange(error.Offset, 0, payload.Length);
        Assert.EndsWith(".", error.Reason);
        return error;
    }

    public static PayloadError Refusal(string payload, PayloadFormat format = PayloadFormat.Json, PayloadLimits? limits = null) =>
        Refusal(Encoding.UTF8.GetBytes(payload), format, limits);
}
