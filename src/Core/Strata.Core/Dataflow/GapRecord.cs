namespace Strata.Core.Dataflow;

/// <summary>Entries of a numbered stream that will never arrive, and why: what was lost is said, never hidden.</summary>
/// <param name="Source">The gateway or device that numbered them.</param>
/// <param name="First">First missing number.</param>
/// <param name="Last">Last missing number.</param>
/// <param name="Readings">Readings in them as far as known, else 0.</param>
/// <param name="From">Event time of the first, microseconds, as far as known.</param>
/// <param name="To">Event time of the last.</param>
/// <param name="Reason"><c>buffer-full</c>, <c>missing</c> (numbers that the source no longer holds), <c>damaged</c>.</param>
public sealed record GapRecord(string Source, string Stream, long First, long Last, long Readings, long? From, long? To, string Reason);
