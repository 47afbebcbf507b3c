using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Strata.Telemetry.Tests;

/// <summary>Keeps what was logged and lets a test wait for an event by its id.</summary>
internal sealed class EventLogger<T> : ILogger<T>
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource<string>> events = new();

    public Task<string> Happened(int id) => Of(id).Task;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Of(eventId.Id).TrySetResult(formatter(state, exception) + exception);

    private TaskCompletionSource<string> Of(int id) => events.GetOrAdd(id, _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
}
