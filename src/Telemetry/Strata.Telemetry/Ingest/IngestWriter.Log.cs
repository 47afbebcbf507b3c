using Microsoft.Extensions.Logging;

namespace Strata.Telemetry.Ingest;

public sealed partial class IngestWriter
{
    internal static partial class Log
    {
        [LoggerMessage(3101, LogLevel.Error, "A commit of {Items} items failed; nothing of it is acknowledged")]
        public static partial void CommitFailed(ILogger logger, int items, Exception exception);

        [LoggerMessage(3102, LogLevel.Warning, "The store still cannot commit; next probe in {Delay}: {Reason}")]
        public static partial void ProbeFailed(ILogger logger, TimeSpan delay, string reason);

        [LoggerMessage(3103, LogLevel.Information, "The store commits again after {Outage}")]
        public static partial void Recovered(ILogger logger, TimeSpan outage);

        [LoggerMessage(3104, LogLevel.Error, "{Observer} failed on commit {Commit}; the commit stands")]
        public static partial void ObserverFailed(ILogger logger, string observer, long commit, Exception exception);

        [LoggerMessage(3105, LogLevel.Error, "An item's callback failed; the others are called")]
        public static partial void CallbackFailed(ILogger logger, Exception exception);

        [LoggerMessage(3106, LogLevel.Warning, "A malformed write was refused: {Reason}")]
        public static partial void Malformed(ILogger logger, string reason);

        [LoggerMessage(3107, LogLevel.Critical, "The writer has stopped on an error that it does not know; nothing is stored until a restart")]
        public static partial void Stopped(ILogger logger, Exception exception);
    }
}
