namespace Strata.Cloud.Contracts;

/// <summary>Certificates of devices and the authorities that issue them.</summary>
public sealed partial class StrataClient
{
    /// <summary>Makes the installation's authority if there is none.</summary>
    /// <returns>The root, with its key while that is on the node.</returns>
    public Task<RootAuthority> CreateAuthorityAsync(CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Post, "api/v1/ca", null, Json.RootAuthority, cancellationToken);

    /// <summary>Destroys the node's copy of the root's key.</summary>
    /// <param name="fingerprint">Of the root whose key was kept elsewhere.</param>
    public Task ForgetRootKeyAsync(string fingerprint, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, Query("api/v1/ca/root-key", ("fingerprint", fingerprint)), null, cancellationToken);

    /// <summary>The certificates from the tenant's authority to the root, PEM.</summary>
    public Task<string> GetChainAsync(CancellationToken cancellationToken = default) => GetTextAsync("api/v1/ca/chain", "*/*", cancellationToken);

    public Task<Page<CertificateInfo>> ListCertificatesAsync(
        string? device = null, string? standing = null, string? expiresBefore = null, string? problem = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/certificates", ("device", device), ("standing", standing), ("expiresBefore", expiresBefore), ("problem", problem), ("cursor", cursor), ("limit", limit)), Json.PageCertificateInfo, cancellationToken);

    /// <summary>Certificates by their standing, and devices whose last one ends.</summary>
    public Task<CertificateSummary> SummariseCertificatesAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/certificates/summary", Json.CertificateSummary, cancellationToken);

    public Task<IssuedCertificateInfo> IssueCertificateAsync(string device, IssueCertificateRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/devices/{Escape(device)}/certificates", Body(request, Json.IssueCertificateRequest), Json.IssuedCertificateInfo, cancellationToken);

    public Task<RevokedCertificates> RevokeCertificatesAsync(RevokeCertificates request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/certificates/revocations", Body(request, Json.RevokeCertificates), Json.RevokedCertificates, cancellationToken);

    public Task<Page<AuthorityInfo>> ListAuthoritiesAsync(string? kind = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/ca/authorities", ("kind", kind), ("cursor", cursor), ("limit", limit)), Json.PageAuthorityInfo, cancellationToken);

    /// <summary>Registers somebody else's authority; it is trusted once it has proved that it has its key.</summary>
    public Task<AuthorityInfo> RegisterAuthorityAsync(CertificatePem authority, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/ca/authorities", Body(authority, Json.CertificatePem), Json.AuthorityInfo, cancellationToken);

    /// <summary>Trusts a registered authority that has signed a certificate whose common name is its challenge.</summary>
    public Task<AuthorityInfo> ProveAuthorityAsync(string authority, CertificatePem proof, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/ca/authorities/{Escape(authority)}/proof", Body(proof, Json.CertificatePem), Json.AuthorityInfo, cancellationToken);

    public Task<RolloverInfo> GetRolloverAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/ca/rollover", Json.RolloverInfo, cancellationToken);

    /// <summary>Makes the next step of the roll-over of the tenant's authority, if it is due.</summary>
    public Task<RolloverInfo> RunRolloverAsync(RunRollover request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/ca/rollover", Body(request, Json.RunRollover), Json.RolloverInfo, cancellationToken);

    public Task<InstallationRolloverInfo> GetInstallationRolloverAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/ca/installation/rollover", Json.InstallationRolloverInfo, cancellationToken);

    /// <summary>Makes the next step of the roll-over of the installation's intermediate and root, if it is due.</summary>
    public Task<InstallationRolloverInfo> RunInstallationRolloverAsync(RunInstallationRollover request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/ca/installation/rollover", Body(request, Json.RunInstallationRollover), Json.InstallationRolloverInfo, cancellationToken);

    /// <summary>Makes the authority of a manufacturing batch; one that is there already is answered.</summary>
    public Task<AuthorityInfo> CreateBatchAsync(CreateBatch batch, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/factory/batches", Body(batch, Json.CreateBatch), Json.AuthorityInfo, cancellationToken);

    /// <summary>Birth certificates for devices of a batch.</summary>
    public Task<CertifiedBatch> CertifyBatchAsync(string batch, CertifyBatch keys, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/factory/batches/{Escape(batch)}/certificates", Body(keys, Json.CertifyBatch), Json.CertifiedBatch, cancellationToken);

    public Task<IssuedCertificateInfo> IssueClaimAsync(IssueClaim request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/certificates/claims", Body(request, Json.IssueClaim), Json.IssuedCertificateInfo, cancellationToken);

    public Task<CertificatePolicyInfo> GetCertificatePolicyAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/certificates/policy", Json.CertificatePolicyInfo, cancellationToken);

    public Task<CertificatePolicyInfo> SetCertificatePolicyAsync(CertificatePolicyInfo policy, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, "api/v1/certificates/policy", Body(policy, Json.CertificatePolicyInfo), Json.CertificatePolicyInfo, cancellationToken);

    /// <summary>Makes a certificate good again that is on hold.</summary>
    public Task<CertificateInfo> ReinstateCertificateAsync(string serial, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/certificates/{Escape(serial)}/reinstatement", null, Json.CertificateInfo, cancellationToken);
}
