using Strata.Core.Metering;

namespace Strata.Fog.Served;

/// <summary>
/// What a tenant may use of a gateway that serves several: its percentage of each bound of the gateway. Fixed, so that nobody is slower because a neighbour is busy, nor faster because it is idle.
/// </summary>
/// <param name="Percent">0 to 100.</param>
/// <param name="StoreBytes">Of its own local store, beyond which its oldest raw readings go.</param>
/// <param name="BacklogBytes">Of what waits for its parent.</param>
/// <param name="DrainRate">Entries a second out of its backlog.</param>
internal sealed record CapacityShare(double Percent, Quotas Quotas, long StoreBytes, long BacklogBytes, double DrainRate)
{
    /// <summary>The smallest share, percent.</summary>
    public const double Least = 1;

    /// <summary>All of it: a gateway that serves one tenant bounds nothing but the whole.</summary>
    public static CapacityShare Whole(FogOptions options) => new(100, Quotas.Unlimited, options.MaxStoreBytes, options.MaxBacklogBytes, options.DrainRate);

    /// <summary>The gateway's own tenant: what its guests leave.</summary>
    public static CapacityShare OwnOf(FogOptions options) => options.Guests.Count == 0 ? Whole(options) : Of(options, 100 - options.Guests.Sum(g => g.Share));

    /// <summary>So much of everything, at least one of each.</summary>
    public static CapacityShare Of(FogOptions options, double percent)
    {
        var quotas = Quotas.Unlimited with
        {
            Connections = Part(options.MaxMqttConnections), MessagesPerSecond = Part(options.MaxMessagesPerSecond), BytesPerSecond = Part(options.MaxBytesPerSecond),
            DownloadBytesPerSecond = options.MaxDownloadBytesPerSecond > 0 ? Part(options.MaxDownloadBytesPerSecond) : null,
        };
        return new CapacityShare(percent, quotas, Part(options.MaxStoreBytes), Part(options.MaxBacklogBytes), Math.Max(1, options.DrainRate * percent / 100));

        long Part(long whole) => Math.Max(1, (long)(whole * percent / 100));
    }
}
