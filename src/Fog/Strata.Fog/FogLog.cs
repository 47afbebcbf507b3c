using Microsoft.Extensions.Logging;

namespace Strata.Fog;

/// <summary>What the composition logs.</summary>
internal static partial class FogLog
{
    [LoggerMessage(6001, LogLevel.Warning, "Opening the uplink's log: {Note}")]
    public static partial void Opened(ILogger logger, string note);

    [LoggerMessage(6002, LogLevel.Warning, "The kept configuration cannot be read ({Reason}); devices are served when the parent has sent it again.")]
    public static partial void ConfigurationLost(ILogger logger, string reason);
}
