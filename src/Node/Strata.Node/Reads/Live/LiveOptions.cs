namespace Strata.Node.Reads.Live;

/// <summary>Limits of the live feed.</summary>
public sealed class LiveOptions
{
    /// <summary>Clients at once; one more is refused with 429. 1 to 10,000, default 256.</summary>
    public int MaxClients { get; set; } = 256;

    /// <summary>Items that wait for one client; beyond it the oldest go and are counted. 16 to 100,000, default 2,000.</summary>
    public int MaxWaiting { get; set; } = 2_000;

    /// <summary>A client that gets nothing for this long gets a comment line, so that both sides know the connection lives. Default 10 s.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(10);
}
