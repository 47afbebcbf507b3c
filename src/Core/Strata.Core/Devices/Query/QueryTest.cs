namespace Strata.Core.Devices.Query;

/// <summary>Whether a device is one that is asked for.</summary>
internal delegate bool QueryTest(IQueryTarget target, DateTimeOffset now);
