using Microsoft.Extensions.Logging;

namespace Strata.Edge.CommandLine;

/// <summary>Logs as lines of text: time, level, message. Small, and free of reflection.</summary>
internal sealed class LineLoggerFactory(TextWriter output, TimeProvider time, LogLevel lowest) : ILoggerFactory
{
    private readonly Lock gate = new();
    private volatile int lowest = (int)lowest;

    /// <summary>The least important lines that are written.</summary>
    public LogLevel Lowest
    {
        get => (LogLevel)lowest;
        set => lowest = (int)value;
    }

    public ILogger CreateLogger(string categoryName) => new LineLogger(this);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("This factory writes to one place only.");

    public void Dispose()
    {
        lock (gate)
            output.Flush();
    }

    private void Write(LogLevel level, string message, Exception? exception)
    {
        var line = $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {Name(level)} {message}{(exception is null ? "" : $" {exception}")}";
        lock (gate)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        LogLevel.Critical => "critical",
        _ => "debug",
    };

    private sealed class LineLogger(LineLoggerFactory factory) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= factory.Lowest && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                factory.Write(logLevel, formatter(state, exception), exception);
        }
    }
}
