using System.ComponentModel.DataAnnotations;

namespace Strata.Node.Devices;

/// <summary>Limits of what was noted of the fleet and not yet stored.</summary>
public sealed class FleetEventOptions
{
    /// <summary>Events that wait to be stored; of more the oldest are dropped and counted in the log. 100 to 1,000,000; 100,000 unless given.</summary>
    [Range(100, 1_000_000)]
    public int MaxWaiting { get; set; } = 100_000;
}
