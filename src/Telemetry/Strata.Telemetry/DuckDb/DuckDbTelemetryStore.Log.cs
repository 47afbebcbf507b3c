using Microsoft.Extensions.Logging;

namespace Strata.Telemetry.DuckDb;

public sealed partial class DuckDbTelemetryStore
{
    private static partial class Log
    {
        [LoggerMessage(3001, LogLevel.Error, "A commit failed or its outcome is unknown; the database is reopened")]
        public static partial void CommitFailed(ILogger logger, Exception exception);

        [LoggerMessage(3002, LogLevel.Error, "The database cannot be opened or proved")]
        public static partial void OpenFailed(ILogger logger, Exception exception);

        [LoggerMessage(3003, LogLevel.Information, "The telemetry store commits again (commit {Commit})")]
        public static partial void Recovered(ILogger logger, long commit);

        [LoggerMessage(3004, LogLevel.Warning, "The log could not be moved into the database while closing; the next start reads it")]
        public static partial void SettleFailed(ILogger logger, Exception exception);

        [LoggerMessage(3006, LogLevel.Error, "A checkpoint failed; every commit stands in the log, and the database is reopened")]
        public static partial void CheckpointFailed(ILogger logger, Exception exception);

        [LoggerMessage(3007, LogLevel.Warning, "Readings written late are not counted yet; it is tried again after the next commit")]
        public static partial void NotSettled(ILogger logger, Exception exception);

        [LoggerMessage(3005, LogLevel.Information, "Retention dropped {Rows} rows")]
        public static partial void Retained(ILogger logger, long rows);
    }
}
