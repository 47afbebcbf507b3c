using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Identity;

namespace Strata.Node.Tests.Identity;

/// <summary>Who is let in by a certificate, with real chains of keys made here.</summary>
public sealed class CertificateDirectoryTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly TenantId Rival = TenantId.Parse("rival");

    private readonly FakeTimeProvider clock = new(Now);
    private readonly CertificateDirectory directory;
    private readonly TestAuthority root = TestAuthority.Root("root");
    private readonly TestAuthority acme;

    public CertificateDirectoryTests()
    {
        directory = new CertificateDirectory(clock);
        acme = root.Below("acme");
        directory.Trust(new TrustedAuthority(Acme, acme.Id, acme.Certificate, [root.Certificate]));
    }

    [Fact]
    public void A_device_of_the_authority_is_let_in_as_itself()
    {
        var verdict = directory.Check(acme.Device("urn:strata:device:acme/t-1"));
        Assert.Equal("", verdict.Reason);
        Assert.Equal((Acme, DeviceId.Parse("t-1"), CertificateUse.Operational, false), (verdict.Tenant, verdict.Device!.Value, verdict.Use, verdict.MayIntroduce));
    }

    [Fact]
    public void An_authority_cannot_make_a_device_of_another_tenant() =>
        Assert.Contains("names a device of rival", directory.Check(acme.Device("urn:strata:device:rival/t-1")).Reason, StringComparison.Ordinal);

    [Fact]
    public void A_gateway_that_is_given_the_list_judges_alike_until_what_it_heard_is_too_old()
    {
        var (good, revoked) = (acme.Device("urn:strata:device:acme/t-1"), acme.Device("urn:strata:device:acme/t-2"));
        directory.Set(Acme, acme.Id, Serial(revoked), CertificateStanding.Revoked);
        directory.Bind(acme.Id, Serial(good), DeviceId.Parse("renamed"));
        directory.SetPolicy(Acme, new CertificatePolicy { AllowsSecrets = false });
        var gateway = new CertificateDirectory(clock);
        gateway.Take(Acme, directory.ListOf(Acme, "i"));
        gateway.Limit(Acme, Now.AddDays(7));
        Assert.Equal(directory.Check(good), gateway.Check(good));
        Assert.Equal(directory.Check(revoked), gateway.Check(revoked));
        Assert.Equal("renamed", gateway.Check(good).Device!.Value.Value);
        Assert.False(gateway.PolicyOf(Acme).AllowsSecrets);

        var ended = new List<(string, string?)>();
        gateway.Ended += (_, issuer, serial) => ended.Add((issuer, serial));
        var version = directory.VersionOf(Acme);
        var changed = directory.Changed;
        directory.Set(Acme, acme.Id, Serial(good), CertificateStanding.OnHold);
        Assert.True(changed.IsCompleted && version != directory.VersionOf(Acme));
        directory.Set(Acme, acme.Id, Serial(revoked), CertificateStanding.Good);
        gateway.Take(Acme, directory.ListOf(Acme, "i"));
        Assert.Equal([(acme.Id, Serial(good))], ended);
        Assert.Equal("", gateway.Check(revoked).Reason);

        clock.SetUtcNow(Now.AddDays(8));
        Assert.Contains("has not heard of it in time", gateway.Check(revoked).Reason, StringComparison.Ordinal);
        Assert.Equal("", directory.Check(revoked).Reason);
        directory.Distrust(Acme, acme.Id);
        gateway.Take(Acme, directory.ListOf(Acme, "i"));
        Assert.Contains("no authority that is registered", gateway.Check(revoked).Reason, StringComparison.Ordinal);
        Assert.Equal((acme.Id, null), ended[^1]);

        static string Serial(X509Certificate2 certificate) => certificate.SerialNumber.ToLowerInvariant();
    }

    [Theory]
    [InlineData(1024, "RSA of 1024 bits")]
    [InlineData(2048, "")]
    public void Another_maker_s_key_is_let_in_when_it_is_strong_enough(int bits, string why)
    {
        directory.Trust(new TrustedAuthority(Acme, "maker", root.Certificate, [], IsForeign: true));
        using var key = RSA.Create(bits);
        var request = new CertificateRequest("CN=m-1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root.Certificate, true, false));
        using var leaf = request.Create(root.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(root.Key), Now.AddDays(-1), Now.AddDays(1), [0x41, .. RandomNumberGenerator.GetBytes(8)]);
        Assert.Contains(why, directory.Check(leaf).Reason, StringComparison.Ordinal);
        Assert.Equal(why.Length == 0, directory.Check(leaf).IsAccepted);
    }

    [Fact]
    public void What_says_the_same_names_under_another_root_is_refused()
    {
        var stranger = TestAuthority.Root("root").Below("acme");
        Assert.Contains("no authority that is registered", directory.Check(stranger.Device("urn:strata:device:acme/t-1")).Reason, StringComparison.Ordinal);
        // The same key id, as anybody can write it, and another key.
        var forged = acme.WithOtherKey().Device("urn:strata:device:acme/t-1");
        Assert.Contains("chain is not sound", directory.Check(forged).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_signs_itself_is_refused() =>
        Assert.Contains("no authority", directory.Check(TestAuthority.SelfSigned("urn:strata:device:acme/t-1")).Reason, StringComparison.Ordinal);

    [Fact]
    public void A_server_s_certificate_and_an_authority_s_are_no_device_s()
    {
        Assert.Contains("clientAuth", directory.Check(acme.Device("urn:strata:device:acme/t-1", usage: "1.3.6.1.5.5.7.3.1")).Reason, StringComparison.Ordinal);
        Assert.Contains("an authority's", directory.Check(acme.Below("below acme").Certificate).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Time_decides_with_some_tolerance_also_over_the_chain()
    {
        var certificate = acme.Device("urn:strata:device:acme/t-1");
        clock.SetUtcNow(TestAuthority.LeafUntil.AddMinutes(5));
        Assert.Equal("", directory.Check(certificate).Reason);
        // Past its end it may still ask for the next one, within the tenant's grace period.
        clock.SetUtcNow(TestAuthority.LeafUntil.AddDays(29));
        var late = directory.Check(certificate);
        Assert.Equal(("", CertificateUse.Birth, true, false), (late.Reason, late.Use, late.IsLate, late.MayIntroduce));
        clock.SetUtcNow(TestAuthority.LeafUntil.AddDays(200));
        Assert.Contains("expired", directory.Check(certificate).Reason, StringComparison.Ordinal);
        directory.SetPolicy(Acme, new CertificatePolicy { Grace = TimeSpan.FromDays(365) });
        Assert.True(directory.Check(certificate).IsLate);
        directory.Set(Acme, late.Issuer, late.Serial, CertificateStanding.Revoked);
        Assert.Contains("revoked", directory.Check(certificate).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_revoked_is_refused_at_once_and_told()
    {
        var certificate = acme.Device("urn:strata:device:acme/t-1");
        var verdict = directory.Check(certificate);
        var told = new List<(TenantId, string, string?)>();
        directory.Ended += (tenant, issuer, serial) => told.Add((tenant, issuer, serial));
        directory.Set(Acme, verdict.Issuer, verdict.Serial, CertificateStanding.OnHold);
        Assert.Contains("on hold", directory.Check(certificate).Reason, StringComparison.Ordinal);
        directory.Set(Acme, verdict.Issuer, verdict.Serial, CertificateStanding.Good);
        Assert.Equal("", directory.Check(certificate).Reason);
        directory.Distrust(Rival, verdict.Issuer); // Not its own: nothing happens.
        Assert.Equal("", directory.Check(certificate).Reason);
        directory.Distrust(Acme, verdict.Issuer);
        Assert.Contains("no authority", directory.Check(certificate).Reason, StringComparison.Ordinal);
        Assert.Equal([(Acme, verdict.Issuer, verdict.Serial), (Acme, verdict.Issuer, null)], told);
    }

    [Fact]
    public void A_tenant_that_is_gone_leaves_nobody_who_is_let_in()
    {
        var certificate = acme.Device("urn:strata:device:acme/t-1");
        directory.Forget(Rival);
        Assert.Equal("", directory.Check(certificate).Reason);
        directory.Forget(Acme);
        Assert.Contains("no authority", directory.Check(certificate).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_birth_certificate_speaks_for_whom_it_is_bound_to_else_for_whom_it_names()
    {
        var birth = acme.Device("urn:strata:birth:acme/sn-1");
        var verdict = directory.Check(birth);
        Assert.Equal(("sn-1", CertificateUse.Birth, true), (verdict.Device!.Value.Value, verdict.Use, verdict.MayIntroduce));
        directory.Bind(verdict.Issuer, verdict.Serial, DeviceId.Parse("hall-1"));
        Assert.Equal("hall-1", directory.Check(birth).Device!.Value.Value);
        Assert.Null(directory.Check(acme.Device("urn:strata:claim:acme/line-1")).Device);
    }

    [Fact]
    public void A_foreign_authority_s_certificate_speaks_for_nobody_until_it_is_bound_and_never_for_whom_it_names()
    {
        var foreign = TestAuthority.Root("maker");
        var device = foreign.Device("urn:strata:device:rival/t-1");
        Assert.Contains("no authority", directory.Check(device).Reason, StringComparison.Ordinal);
        directory.Trust(new TrustedAuthority(Acme, "maker", foreign.Certificate, [], IsForeign: true));
        var verdict = directory.Check(device);
        Assert.Equal(("", Acme, (DeviceId?)null, true), (verdict.Reason, verdict.Tenant, verdict.Device, verdict.MayIntroduce));
        directory.Bind("maker", verdict.Serial, DeviceId.Parse("m-1"));
        Assert.Equal((Acme, DeviceId.Parse("m-1"), CertificateUse.Operational), (directory.Check(device).Tenant, directory.Check(device).Device!.Value, directory.Check(device).Use));
        // The same name and key id, and another key.
        Assert.False(directory.Check(foreign.WithOtherKey().Device("urn:strata:device:acme/t-1")).IsAccepted);
        directory.Distrust(Acme, "maker");
        Assert.False(directory.Check(device).IsAccepted);
    }

    [Fact]
    public void Malformed_names_are_a_reason_not_a_crash() =>
        Assert.Contains("cannot be read", directory.Check(acme.Device("urn:strata:device:acme/t-1", names: [0x30, 0x05, 0x86, 0x7f])).Reason, StringComparison.Ordinal);

    /// <summary>An authority made with the framework alone.</summary>
    private sealed record TestAuthority(X509Certificate2 Certificate, ECDsa Key)
    {
        public static readonly DateTimeOffset LeafUntil = Now.AddDays(90);

        public string Id => Certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().First().SubjectKeyIdentifier!.ToLowerInvariant();

        public static TestAuthority Root(string name)
        {
            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = Request(name, key);
            return new TestAuthority(request.Create(request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), Now.AddDays(-1), Now.AddYears(20), Serial()), key);
        }

        public TestAuthority Below(string name)
        {
            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = Request(name, key);
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
            return new TestAuthority(request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(Key), Now.AddDays(-1), Now.AddYears(10), Serial()), key);
        }

        public TestAuthority WithOtherKey() => this with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP256) };

        public X509Certificate2 Device(string uri, string usage = "1.3.6.1.5.5.7.3.2", byte[]? names = null)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = Leaf(uri, key, usage, names);
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
            return request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(Key), Now.AddDays(-1), LeafUntil, Serial());
        }

        public static X509Certificate2 SelfSigned(string uri)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return Leaf(uri, key, "1.3.6.1.5.5.7.3.2", null).CreateSelfSigned(Now.AddDays(-1), LeafUntil);
        }

        private static CertificateRequest Leaf(string uri, ECDsa key, string usage, byte[]? raw)
        {
            var request = new CertificateRequest("CN=t-1", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddUri(new Uri(uri));
            request.CertificateExtensions.Add(raw is null ? names.Build() : new X509Extension("2.5.29.17", raw, critical: false));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
            return request;
        }

        private static CertificateRequest Request(string name, ECDsa key)
        {
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
            return request;
        }

        private static byte[] Serial() => [0x40, .. RandomNumberGenerator.GetBytes(15)];
    }
}
