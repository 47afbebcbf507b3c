using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Strata.Edge.Tests;

/// <summary>Keeps what is logged.</summary>
internal sealed class ListLogger : ILogger, ILoggerFactory
{
    private readonly ConcurrentQueue<string> lines = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> awaited = new();

    public IReadOnlyCollection<string> Lines => lines;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Keep(formatter(state, exception));

    /// <summary>Waits until the line is logged.</summary>
    public async Task UntilAsync(string line)
    {
        var logged = awaited.GetOrAdd(line, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (lines.Contains(line))
            return;
        try
        {
            await logged.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Waited 60 s for the log to say '{line}'. It says: {string.Join('\n', lines)}");
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private void Keep(string line)
    {
        lines.Enqueue(line);
        if (awaited.TryGetValue(line, out var waiting))
            waiting.TrySetResult();
    }
}
