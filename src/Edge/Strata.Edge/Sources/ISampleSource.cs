namespace Strata.Edge.Sources;

/// <summary>Where an agent's samples come from. Read by one reader, once.</summary>
internal interface ISampleSource
{
    /// <summary>What is read and how; a position is good only for a source of the same key.</summary>
    string Key { get; }

    /// <summary>
    /// Whether the same samples can be read again from a position. When not (a live sensor, a pipe), a sample counts only once it is on disk.
    /// </summary>
    bool CanReplay { get; }

    /// <summary>
    /// Rows or lines that held no readable sample, by this source in this run. Read from the thread that enumerates, between two samples.
    /// </summary>
    long BadRows { get; }

    /// <summary>The samples from <paramref name="from"/> on, each when it is due. Ends when the source ends or the token is cancelled.</summary>
    IAsyncEnumerable<Sample> ReadAsync(SourcePosition from, CancellationToken cancellationToken);
}
