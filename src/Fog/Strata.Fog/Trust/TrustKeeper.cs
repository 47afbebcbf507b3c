using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Fog.Configuration;
using Strata.Fog.Link;
using Strata.Node.Identity;

namespace Strata.Fog.Trust;

/// <summary>What the parent last said of which certificates are good, as it is kept.</summary>
/// <param name="Heard">When that was last known to hold.</param>
internal sealed record KeptTrust(GatewayTrustList List, DateTimeOffset Heard);

/// <summary>
/// Keeps the gateway knowing which certificates of its tenant's devices are good: the parent says it as soon as it changes, and it is kept, so that devices are judged without the parent too, until it is
/// too old. As the gateway's own tenant's, it asks for the certificate of the gateway's own listener, and for the next one in time.
/// </summary>
internal sealed partial class TrustKeeper(
    FogOptions options, bool isOwn, TenantFolder folder, SiteConfiguration site, ParentClient parent, CertificateDirectory directory, GatewayServerCertificate server, TimeProvider time, ILogger<TrustKeeper> logger)
    : BackgroundService
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan KeepEvery = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan NotThere = TimeSpan.FromMinutes(5);
    private static readonly string[] Loopback = ["localhost", "127.0.0.1"];
    private KeptTrust? known;
    private DateTimeOffset keptAt;

    private TenantId Tenant => site.View.Tenant;

    private List<string> Names =>
        [.. Loopback.Concat(options.Mqtts!.Address is var at && !at.Equals(IPAddress.Any) && !at.Equals(IPAddress.IPv6Any) ? [at.ToString()] : []).Concat(options.MqttsNames).Distinct()];

    /// <summary>Takes what is kept; before the node serves.</summary>
    public void Load()
    {
        directory.Limit(Tenant, DateTimeOffset.MinValue);
        known = PrivateFile.Read(folder.Trust, FogJson.Default.KeptTrust, out var damage);
        if (damage is not null)
            LogDamaged(folder.Trust, damage);
        if (known is null)
            return;
        try
        {
            directory.Take(Tenant, known.List);
            directory.Limit(Tenant, known.Heard + options.MaxTrustAge);
        }
        catch (CryptographicException e)
        {
            LogDamaged(folder.Trust, e.Message);
            known = null;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(10));
        string? version = null;
        var said = "";
        while (!stoppingToken.IsCancellationRequested)
        {
            var (next, problem) = await AskAsync(version, stoppingToken);
            if (problem.Length == 0)
                (version, problem) = (next, await RenewAsync(stoppingToken));
            if (problem != said && problem.Length > 0)
                LogProblem(problem);
            said = problem;
            if (problem.Length == 0)
                backoff.Reset();
            else
                await Task.Delay(backoff.Next(), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<(string? Version, string Problem)> AskAsync(string? version, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var answer = await parent.GetTrustAsync(version, either.Token);
            if (answer.StatusCode == HttpStatusCode.NotFound)
                await Task.Delay(NotThere, time, cancellationToken);
            if (answer.StatusCode == HttpStatusCode.NoContent && known is not null)
                Heard(known.List, isNew: false);
            else if (answer.IsSuccessStatusCode && await answer.Content.ReadFromJsonAsync(ContractsJson.Default.GatewayTrustList, either.Token) is { } list)
                Heard(list, isNew: true);
            else
                return (null, answer.StatusCode == HttpStatusCode.NotFound ? "it does not know; devices show their certificates to a gateway that is directly below the cloud only" : $"it answers {(int)answer.StatusCode}");
            return (known!.List.Version, "");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or CryptographicException)
        {
            return (version, e.Message);
        }
        catch (OperationCanceledException)
        {
            return (version, $"no answer within {AnswerWithin.TotalSeconds:0} s");
        }
    }

    private void Heard(GatewayTrustList list, bool isNew)
    {
        var now = time.GetUtcNow();
        if (isNew)
            directory.Take(Tenant, list);
        known = new KeptTrust(list, now);
        directory.Limit(Tenant, now + options.MaxTrustAge);
        if (!isNew && now - keptAt < KeepEvery)
            return;
        PrivateFile.Write(folder.Trust, known, FogJson.Default.KeptTrust);
        keptAt = now;
    }

    /// <returns>Why not; empty when it has what it needs.</returns>
    private async Task<string> RenewAsync(CancellationToken cancellationToken)
    {
        if (!isOwn || options.CertificateFile is not null || !server.IsDue(known!.List.Issuer, Names, time.GetUtcNow()))
            return "";
        using var deadline = new CancellationTokenSource(AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={parent.Id}", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
            using var answer = await parent.PostCertificateAsync(new GatewayCertificateRequest(request, Names), either.Token);
            if (!answer.IsSuccessStatusCode)
                return $"it gives no certificate for {string.Join(", ", Names)}: {await answer.Content.ReadAsStringAsync(either.Token)}";
            var issued = await answer.Content.ReadFromJsonAsync(ContractsJson.Default.GatewayCertificate, either.Token) ?? throw new JsonException("The answer is empty.");
            server.Adopt(key, issued.Certificate, issued.Chain, Names);
            LogServes(string.Join(", ", Names));
            return "";
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or CryptographicException)
        {
            return e.Message;
        }
        catch (OperationCanceledException)
        {
            return $"no certificate within {AnswerWithin.TotalSeconds:0} s";
        }
    }

    [LoggerMessage(6701, LogLevel.Warning, "{File}, which says what certificates are good, cannot be read ({Reason}); devices that show one wait until the parent has said it again.")]
    private partial void LogDamaged(string file, string reason);

    [LoggerMessage(6702, LogLevel.Warning, "The parent does not say which certificates are good: {Problem}. Asked again; what it said last holds until it is too old.")]
    private partial void LogProblem(string problem);

    [LoggerMessage(6703, LogLevel.Information, "The gateway serves devices with certificates as {Names}.")]
    private partial void LogServes(string names);
}
