namespace Strata.Core.Dataflow;

/// <summary>Distances on the earth taken as a sphere of 6,371,008.8 m (the mean radius R1 of WGS 84); off by at most 0.6 %.</summary>
public static class GreatCircle
{
    private const double Radius = 6_371_008.8;

    /// <summary>Metres between two points in degrees, by the haversine formula.</summary>
    public static double Metres(double latitude1, double longitude1, double latitude2, double longitude2)
    {
        var (phi1, phi2) = (double.DegreesToRadians(latitude1), double.DegreesToRadians(latitude2));
        var halfNorth = Math.Sin((phi2 - phi1) / 2);
        var halfEast = Math.Sin(double.DegreesToRadians(longitude2 - longitude1) / 2);
        var chord = halfNorth * halfNorth + Math.Cos(phi1) * Math.Cos(phi2) * halfEast * halfEast;
        return 2 * Radius * Math.Asin(Math.Sqrt(Math.Clamp(chord, 0, 1)));
    }
}
