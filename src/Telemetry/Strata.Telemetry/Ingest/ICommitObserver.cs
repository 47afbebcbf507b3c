namespace Strata.Telemetry.Ingest;

/// <summary>
/// Sees every commit once it is durable and before it is acknowledged, so that who was acknowledged finds its values: latest values,
/// live subscribers, windows.
/// </summary>
public interface ICommitObserver
{
    /// <summary>
    /// Called on the writer's loop, in commit order. Must be short and must not block: every acknowledgement waits for it. What is needed longer than
    /// the call is copied. Messages and records that were <see cref="Core.Telemetry.MessageOutcome.Repeated"/> or refused are contained and marked
    /// (<see cref="Core.Telemetry.BatchMessage.Outcome"/>, <see cref="CommitReport.IsRepeated"/>). An exception is logged and hurts nobody else.
    /// </summary>
    void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report);
}
