using Strata.Core.Devices;

namespace Strata.Core.Telemetry;

/// <summary>One value of one metric of one device at one time. Device, metric and time identify it: sent again, the last value stands.</summary>
/// <param name="Time">Microseconds since 1970-01-01 UTC.</param>
public readonly record struct Reading(DeviceId Device, MetricName Metric, long Time, ReadingValue Value);
