namespace Strata.Edge.Books;

/// <summary>The books of an agent as a whole: readings in = suppressed + out + waiting + lost.</summary>
/// <param name="Source">What was read and reduced.</param>
/// <param name="ReadingsOut">Acknowledged by a gateway.</param>
/// <param name="BytesOut">Payload bytes of the acknowledged batches.</param>
/// <param name="Waiting">Readings in the buffer.</param>
/// <param name="Lost">Readings given up: refused for good, dropped from a full buffer, or damaged on the disk.</param>
/// <param name="Rejected">Of the lost, those refused for good.</param>
/// <param name="Dropped">Of the lost, the others.</param>
/// <param name="WaitingBatches">Records in the buffer.</param>
/// <param name="DiskBytes">Size of the buffer's files.</param>
internal sealed record AgentBooks(
    SourceBooks Source, long ReadingsOut, long BytesOut, long Waiting, long Lost, long Rejected, long Dropped, long WaitingBatches, long DiskBytes)
{
    /// <summary>What the books do not explain; always 0.</summary>
    public long Unexplained => Source.ReadingsIn - Source.Suppressed - ReadingsOut - Waiting - Lost;
}
