using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Strata.Cloud.Platform;

/// <summary>Spans of time are kept as milliseconds, in SQLite as in PostgreSQL, so that a tenant's rows can be brought from one to the other.</summary>
internal sealed class MillisecondsConverter() : ValueConverter<TimeSpan, long>(span => (long)span.TotalMilliseconds, value => TimeSpan.FromMilliseconds(value));
