using Microsoft.Extensions.Logging;

namespace Strata.Telemetry.Postgres;

public sealed partial class PostgresTelemetryStore
{
    private static partial class Log
    {
        [LoggerMessage(3021, LogLevel.Error, "The writer's session failed or the outcome of its commit is unknown; another is opened")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(3022, LogLevel.Information, "The telemetry database commits again (commit {Commit})")]
        public static partial void Recovered(ILogger logger, long commit);

        [LoggerMessage(3023, LogLevel.Information, "Retention dropped {Rows} rows")]
        public static partial void Retained(ILogger logger, long rows);
    }
}
