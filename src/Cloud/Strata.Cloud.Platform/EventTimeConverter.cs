using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Strata.Core.Telemetry;

namespace Strata.Cloud.Platform;

/// <summary>Times are kept as microseconds since 1970-01-01 UTC, as those of readings: SQLite has no type for them that sorts.</summary>
internal sealed class EventTimeConverter() : ValueConverter<DateTimeOffset, long>(time => EventTime.From(time), value => EventTime.ToDateTimeOffset(value));
