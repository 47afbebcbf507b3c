using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;

namespace Strata.Core.Tests.Identity;

/// <summary>Names in certificates, who is let in by one, and how its standing changes.</summary>
public sealed class CertificateRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly CertificateName Name = new(CertificateUse.Operational, TenantId.Parse("acme"), DeviceId.Parse("t-1"));
    private static readonly CertificateFacts Good = new(Now.AddDays(-1), Now.AddDays(89), IsAuthority: false, MayIdentifyClients: true, [Name]);

    [Theory]
    [InlineData(CertificateUse.Operational, "urn:strata:device:acme/t-1")]
    [InlineData(CertificateUse.Birth, "urn:strata:birth:acme/t-1")]
    [InlineData(CertificateUse.Claim, "urn:strata:claim:acme/t-1")]
    public void A_name_is_read_as_it_was_written(CertificateUse use, string uri)
    {
        var name = Name with { Use = use };
        Assert.Equal(uri, name.Uri);
        Assert.True(CertificateName.TryParse(uri, out var read));
        Assert.Equal(name, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("urn:strata:device:")]
    [InlineData("urn:strata:device:acme")]
    [InlineData("urn:strata:device:/t-1")]
    [InlineData("urn:strata:device:acme/")]
    [InlineData("urn:strata:device:a b/t-1")]
    [InlineData("urn:strata:admin:acme/t-1")]
    [InlineData("https://acme/t-1")]
    public void What_is_no_name_is_none(string? uri) => Assert.False(CertificateName.TryParse(uri, out _));

    [Fact]
    public void A_good_certificate_is_let_in_and_clocks_may_differ_a_little()
    {
        Assert.Null(CertificateJudge.Refuse(Good, named: true, null, Now, CertificateTerms.Tolerance));
        Assert.Null(CertificateJudge.Refuse(Good, named: true, null, Good.NotBefore - TimeSpan.FromMinutes(9), CertificateTerms.Tolerance));
        Assert.Null(CertificateJudge.Refuse(Good, named: true, null, Good.NotAfter + TimeSpan.FromMinutes(9), CertificateTerms.Tolerance));
    }

    public static TheoryData<string, CertificateFacts, CertificateStanding?, int> Bad => new()
    {
        { "not valid before", Good, null, -2 * 24 * 60 },
        { "expired", Good, null, 200 * 24 * 60 },
        { "an authority's", Good with { IsAuthority = true }, null, 0 },
        { "clientAuth", Good with { MayIdentifyClients = false }, null, 0 },
        { "names no device", Good with { Names = [] }, null, 0 },
        { "several devices", Good with { Names = [Name, Name with { Device = DeviceId.Parse("t-2") }] }, null, 0 },
        { "revoked", Good, CertificateStanding.Revoked, 0 },
        { "on hold", Good, CertificateStanding.OnHold, 0 },
    };

    [Fact]
    public void One_of_a_foreign_authority_need_not_name_its_device() =>
        Assert.Null(CertificateJudge.Refuse(Good with { Names = [] }, named: false, null, Now, CertificateTerms.Tolerance));

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_one_is_refused_and_the_reason_said(string said, CertificateFacts facts, CertificateStanding? standing, int minutesLater) =>
        Assert.Contains(said, CertificateJudge.Refuse(facts, named: true, standing, Now.AddMinutes(minutesLater), CertificateTerms.Tolerance)!, StringComparison.Ordinal);

    [Fact]
    public void Standing_changes_by_the_table_and_only_hold_comes_back()
    {
        foreach (var reason in Enum.GetValues<RevocationReason>())
        {
            var to = reason == RevocationReason.CertificateHold ? CertificateStanding.OnHold : CertificateStanding.Revoked;
            Assert.Equal(to, Revocation.Revoke(CertificateStanding.Good, reason).Value);
            Assert.Equal(to, Revocation.Revoke(CertificateStanding.OnHold, reason).Value);
            Assert.Equal(reason != RevocationReason.CertificateHold, Revocation.Revoke(CertificateStanding.Revoked, reason).IsOk);
            Assert.True(Revocation.TryParse(Revocation.NameOf(reason), out var read));
            Assert.Equal(reason, read);
        }
        Assert.Equal(CertificateStanding.Good, Revocation.Reinstate(CertificateStanding.OnHold).Value);
        Assert.False(Revocation.Reinstate(CertificateStanding.Good).IsOk);
        Assert.False(Revocation.Reinstate(CertificateStanding.Revoked).IsOk);
        Assert.False(Revocation.TryParse("because", out _));
    }

    [Fact]
    public void It_is_renewed_after_two_thirds_of_its_time() =>
        Assert.Equal(Now.AddDays(60), CertificateTerms.RenewAt(Now, Now.AddDays(90)), TimeSpan.FromSeconds(1));
}
