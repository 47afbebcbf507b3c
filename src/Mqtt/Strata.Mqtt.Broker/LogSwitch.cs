using Microsoft.Extensions.Logging;

namespace Strata.Mqtt.Broker;

/// <summary>From which level on the broker logs; changed while it runs.</summary>
internal sealed class LogSwitch(LogLevel level)
{
    private volatile int lowest = (int)level;

    public void Set(LogLevel from) => lowest = (int)from;

    /// <summary>The filter of the log. The web server's own lines are of interest from warnings on; a start that fails is one sentence on standard error already.</summary>
    public bool IsOn(string? category, LogLevel of) => of >= (LogLevel)lowest && category switch
    {
        null => true,
        _ when category.StartsWith("Microsoft.Extensions.Hosting", StringComparison.Ordinal) => false,
        _ when category.StartsWith("Microsoft", StringComparison.Ordinal) => of >= LogLevel.Warning,
        _ => true,
    };
}
