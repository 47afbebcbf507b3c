using System.Collections.Concurrent;
using System.Net;

namespace Strata.Node.Identity;

/// <summary>
/// Where certificates are used from, to find those that two devices have: one that comes back to an address after it was seen at another one, within a day, has been copied. One that moves on
/// has not. In memory, since the node's start; bounded.
/// </summary>
/// <param name="capacity">Certificates that are remembered; beyond it those that were seen longest ago are forgotten.</param>
public sealed class CertificateSightings(TimeProvider time, int capacity = CertificateSightings.DefaultCapacity)
{
    public const int DefaultCapacity = 200_000;

    private static readonly TimeSpan Window = TimeSpan.FromDays(1);
    private readonly ConcurrentDictionary<(string Issuer, string Serial), Sighting> seen = new();

    /// <summary>The certificate has opened a connection from this address.</summary>
    public void Note(string issuer, string serial, IPAddress? from)
    {
        if (from is null)
            return;
        var now = time.GetUtcNow();
        seen.AddOrUpdate((issuer, serial), static (_, at) => new Sighting(at.from, null, at.now, default, default), static (_, last, at) => last.Next(at.from, at.now), (from, now));
        if (seen.Count > capacity)
            Forget();
    }

    /// <summary>The two addresses between which the certificate has gone back and forth, and when last; null when it has not.</summary>
    public (IPAddress One, IPAddress Other, DateTimeOffset At)? TwoAddresses(string issuer, string serial) =>
        seen.TryGetValue((issuer, serial), out var last) && last.Returned != default && time.GetUtcNow() - last.Returned < Window ? (last.Address, last.Before!, last.Returned) : null;

    private void Forget()
    {
        foreach (var (key, _) in seen.OrderBy(s => s.Value.At).Take(capacity / 10).ToList())
            seen.TryRemove(key, out _);
    }

    /// <param name="Before">The address before this one.</param>
    /// <param name="Left">When it was last seen there.</param>
    /// <param name="Returned">When it last came back to an address that it had left within the window.</param>
    private sealed record Sighting(IPAddress Address, IPAddress? Before, DateTimeOffset At, DateTimeOffset Left, DateTimeOffset Returned)
    {
        public Sighting Next(IPAddress from, DateTimeOffset now)
        {
            if (from.Equals(Address))
                return this with { At = now };
            var returned = from.Equals(Before) && now - Left < Window;
            return new Sighting(from, Address, now, At, returned ? now : Returned);
        }
    }
}
