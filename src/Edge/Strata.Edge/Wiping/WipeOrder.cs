namespace Strata.Edge.Wiping;

/// <summary>The command to wipe itself.</summary>
/// <param name="Request">Its number, by which it is answered.</param>
/// <param name="Discarded">Readings that were still in the buffer.</param>
internal sealed record WipeOrder(string Request, long Discarded = 0);
