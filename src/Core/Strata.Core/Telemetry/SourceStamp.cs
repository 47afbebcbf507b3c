namespace Strata.Core.Telemetry;

/// <summary>
/// The number a source gave to one of its batches. A store keeps the numbers it has seen per source and stream in the transaction that
/// stores the rows, so a batch sent again changes nothing: exactly once.
/// </summary>
/// <param name="Source">The device or gateway that numbered the batch, from the connection's identity, never from the payload.</param>
/// <param name="Stream">Drawn at random when the source starts a new log (a new data folder), so that numbers may begin at 1 again.</param>
/// <param name="Number">1, 2, 3, ... without holes.</param>
public readonly record struct SourceStamp(string Source, string Stream, long Number);
