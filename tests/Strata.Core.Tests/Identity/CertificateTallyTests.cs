using Strata.Core.Identity;

namespace Strata.Core.Tests.Identity;

public sealed class CertificateTallyTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 0, 0, 0, TimeSpan.Zero);

    private readonly CertificateTally tally = new(Now);

    [Fact]
    public void Each_is_counted_once_by_its_standing()
    {
        Add("a", -1, 89);
        Add("a", -100, -10, CertificateStanding.Revoked); // Expired is said first: it lets nobody in whatever else it is.
        Add("b", -1, 89, CertificateStanding.Revoked);
        Add("c", -1, 89, CertificateStanding.OnHold);
        Add("d", -1, 7_000, isOperational: false);
        Assert.Equal((2, 1, 1, 1), (tally.Good, tally.OnHold, tally.Revoked, tally.Expired));
    }

    [Fact]
    public void A_device_is_late_and_ends_by_its_last_certificate_alone()
    {
        Add("renewed", -61, 29);
        Add("renewed", -1, 89);
        Add("late", -61, 29);
        Add("nearly", -59, 31);
        Add("lost", -80, -1);
        Add("only-born", -1, 7_000, isOperational: false);
        Add("revoked", -61, 29, CertificateStanding.Revoked);
        Assert.Equal((1, 0, 1, 3), (tally.Late, tally.EndWithin(TimeSpan.FromDays(7)), tally.EndWithin(TimeSpan.FromDays(30)), tally.EndWithin(TimeSpan.FromDays(90))));
    }

    private void Add(string device, int from, int to, CertificateStanding standing = CertificateStanding.Good, bool isOperational = true) =>
        tally.Add(device, Now.AddDays(from), Now.AddDays(to), standing, isOperational);
}
