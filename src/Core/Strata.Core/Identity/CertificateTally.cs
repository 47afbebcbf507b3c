namespace Strata.Core.Identity;

/// <summary>Counts certificates, and of devices how long the last certificate by which each is let in still holds. Not safe for use by two threads at once.</summary>
/// <param name="now">As of when.</param>
public sealed class CertificateTally(DateTimeOffset now)
{
    private readonly Dictionary<string, (DateTimeOffset From, DateTimeOffset To)> last = [];

    public int Good { get; private set; }

    public int OnHold { get; private set; }

    public int Revoked { get; private set; }

    public int Expired { get; private set; }

    /// <summary>Devices that should have renewed: two thirds of the life of their last certificate have passed.</summary>
    public int Late => last.Values.Count(c => CertificateTerms.RenewAt(c.From, c.To) <= now);

    /// <summary>A certificate of a device.</summary>
    /// <param name="device">Its id.</param>
    /// <param name="isOperational">False of births and claims: these let nobody in but to enrol, and are counted by their standing only.</param>
    public void Add(string device, DateTimeOffset from, DateTimeOffset to, CertificateStanding standing, bool isOperational)
    {
        if (to <= now)
            Expired++;
        else if (standing is CertificateStanding.Revoked)
            Revoked++;
        else if (standing is CertificateStanding.OnHold)
            OnHold++;
        else
            Good++;
        if (isOperational && to > now && standing is CertificateStanding.Good && (!last.TryGetValue(device, out var known) || known.To < to))
            last[device] = (from, to);
    }

    /// <summary>Devices whose last certificate ends within a time: those that find no way in afterwards, unless they renew or a grace period lets them.</summary>
    public int EndWithin(TimeSpan time) => last.Values.Count(c => c.To <= now + time);
}
