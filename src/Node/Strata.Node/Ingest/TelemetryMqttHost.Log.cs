using Microsoft.Extensions.Logging;

namespace Strata.Node.Ingest;

public sealed partial class TelemetryMqttHost
{
    [LoggerMessage(4101, LogLevel.Information, "An MQTT client was refused: {Reason}.")]
    private partial void LogRefused(string reason);

    [LoggerMessage(4102, LogLevel.Error, "A burst of readings was not stored and the connection ends: {Reason}")]
    private partial void LogNotStored(string reason);

    [LoggerMessage(4103, LogLevel.Error, "A device could not be enrolled.")]
    private partial void LogEnrolment(Exception fault);

    [LoggerMessage(4104, LogLevel.Warning, "What {User} sent was not kept, and its connection ends: {Reason}")]
    private partial void LogNotKept(string user, string reason);
}
