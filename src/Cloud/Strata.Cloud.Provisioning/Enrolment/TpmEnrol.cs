using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Provisioning.Admission;
using Strata.Core;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Provisioning.Enrolment;

/// <summary>
/// Enrolment by TPM: a device names its endorsement key, which is known, and an attestation key; it gets a secret that only this TPM can open, and only if it holds that attestation key (<see cref="TpmCredential"/>);
/// with what it opened, and a signature of the attestation key over what it asks for, it is registered by the first template that matches. All that a stranger hears is that he is not let in.
/// </summary>
internal sealed class TpmEnrol(ProvisioningStore store, AdmissionDesk desk, DeviceCredentials credentials, TenantDirectory tenants, IRejectionLog rejections, ProvisioningOptions options, TimeProvider time)
{
    private const int MaxAreaLength = 2_048;

    private static readonly TimeSpan Open = TimeSpan.FromMinutes(5);

    /// <summary>Bounded by <see cref="ProvisioningOptions.MaxTpmChallenges"/>; a restart forgets them, and devices ask anew.</summary>
    private readonly ConcurrentDictionary<string, Challenge> challenges = new(StringComparer.Ordinal);

    public static async Task<IResult> AskAsync(HttpContext context, TpmEnrol enrol, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.AskTpmChallenge, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        context.Response.Headers.CacheControl = "no-store";
        var challenge = await enrol.ChallengeAsync(request.Value, cancellationToken);
        return challenge.ToResult(c => Results.Json(c, ContractsJson.Default.TpmChallenge));
    }

    public static async Task<IResult> EnrolAsync(HttpContext context, TpmEnrol enrol, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.AnswerTpmChallenge, cancellationToken);
        return request.IsOk ? Enrol.Answer(context, await enrol.EnrolAsync(request.Value, context.Connection.RemoteIpAddress?.ToString(), cancellationToken)) : ProblemResults.Of(request.Problem);
    }

    private async Task<Outcome<TpmChallenge>> ChallengeAsync(AskTpmChallenge request, CancellationToken cancellationToken)
    {
        var tenant = tenants.Default;
        if (request.Tenant is not null && !TenantId.TryParse(request.Tenant, out tenant))
            return new Problem(ProblemKind.Invalid, "'tenant' is no tenant's id.", "tenant");
        if (Enrol.WrongText(("group", request.Group, true)) is { } wrong)
            return wrong;
        var area = ReadBase64(request.AttestationKey, MaxAreaLength);
        var attestation = TpmPublicArea.Parse(area);
        if (!attestation.IsOk)
            return attestation.Problem;
        if (!attestation.Value.IsAttestationKey)
            return new Problem(ProblemKind.Invalid, "The attestation key is not taken: it must be a restricted signing key, made in its TPM and fixed to it.", "attestationKey");
        var key = EndorsementKeys.ReadKey(request.EndorsementKey);
        if (!TpmCredential.IsEndorsementKey(key))
            return new Problem(ProblemKind.Invalid, "'endorsementKey' is a public key of RSA-2048 or ECC P-256, in PEM or base64.", "endorsementKey");
        var hash = Convert.ToHexStringLower(SHA256.HashData(key));
        if (!tenants.IsActive(tenant))
            return Refuse(tenant, hash, "there is no such tenant");
        await using var tables = store.Create(tenant);
        if (await tables.EndorsementKeys.AsNoTracking().FirstOrDefaultAsync(k => k.KeyHash == hash && k.Group == request.Group, cancellationToken) is not { } known)
            return Refuse(tenant, hash, "its endorsement key is not known in this group");
        if (!Admit(out var full))
            return full;
        var secret = RandomNumberGenerator.GetBytes(TpmCredential.SecretLength);
        var credential = TpmCredential.Make(key, attestation.Value.Name, secret);
        var (id, until) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), time.GetUtcNow() + Open);
        challenges[id] = new Challenge(tenant, known.Group, known.Registration, hash, secret, attestation.Value, until);
        return new TpmChallenge(id, Convert.ToBase64String(credential.Blob), Convert.ToBase64String(credential.Secret), until);
    }

    private async Task<Outcome<EnrolledDevice>> EnrolAsync(AnswerTpmChallenge request, string? from, CancellationToken cancellationToken)
    {
        if (Enrol.WrongText(("challenge", request.Challenge, true), ("sku", request.Sku, false), ("serial", request.Serial, false)) is { } wrong)
            return wrong;
        var csr = credentials.Read(request.Csr);
        if (!csr.IsOk)
            return csr.Problem;
        // Right or wrong, it is taken once.
        if (!challenges.TryRemove(request.Challenge, out var challenge) || challenge.Until < time.GetUtcNow())
            return NotProved;
        var (tenant, name) = (challenge.Tenant, challenge.Registration);
        if (!CryptographicOperations.FixedTimeEquals(ReadBase64(request.Answer, 100), challenge.Secret))
            return Refuse(tenant, name, "its TPM did not open the challenge");
        var signed = Encoding.UTF8.GetBytes($"strata-tpm-1\n{request.Challenge}\n{request.Sku}\n{request.Serial}\n{(csr.Value.Length == 0 ? "" : Convert.ToHexStringLower(SHA256.HashData(csr.Value)))}");
        if (!challenge.Attestation.Verify(signed, ReadBase64(request.Signature, 1_024)))
            return Refuse(tenant, name, "the signature over what it asks for is not by its attestation key");
        if (await WhyNotAsync(challenge, cancellationToken) is { } why)
            return Refuse(tenant, name, why.Detail, why);
        var arrival = new Arrival(
            tenant, new ArrivingDevice { Method = ArrivalMethod.Tpm, Enrolment = challenge.Group, Registration = name, Sku = request.Sku, Serial = request.Serial ?? name },
            $"tpm/{challenge.Group}/{name}", csr.Value.Length == 0 ? NewIdentity.Secret : NewIdentity.Certificate) { From = from };
        var admitted = await desk.AdmitAsync(arrival, cancellationToken);
        return admitted.IsOk
            ? await credentials.GiveAsync(tenant, admitted.Value, csr.Value, name, from, cancellationToken)
            : Refuse(tenant, name, admitted.Problem.Detail, admitted.Problem);
    }

    /// <summary>Its key or group may have gone since the challenge was made.</summary>
    private async Task<Problem?> WhyNotAsync(Challenge challenge, CancellationToken cancellationToken)
    {
        await using var tables = store.Create(challenge.Tenant);
        var group = await tables.EnrolmentGroups.AsNoTracking().FirstOrDefaultAsync(g => g.Name == challenge.Group && g.Method == EnrolmentGroups.ByTpm, cancellationToken);
        if (group is null || !await tables.EndorsementKeys.AnyAsync(k => k.KeyHash == challenge.KeyHash && k.Group == challenge.Group && k.Registration == challenge.Registration, cancellationToken))
            return NotProved;
        if (!group.IsEnabled)
            return new Problem(ProblemKind.Forbidden, "its enrolment group is disabled");
        return EnrolmentGroups.Lists(group).WhyNot(challenge.Registration) is { } listed ? new Problem(ProblemKind.Forbidden, listed) : null;
    }

    /// <summary>Whether one more may be open; what is old is forgotten first.</summary>
    private bool Admit(out Problem full)
    {
        full = new Problem(ProblemKind.TooMuch, $"{options.MaxTpmChallenges:N0} challenges are open; try again in some minutes.");
        if (challenges.Count < options.MaxTpmChallenges)
            return true;
        var now = time.GetUtcNow();
        foreach (var (id, _) in challenges.Where(c => c.Value.Until < now))
            challenges.TryRemove(id, out _);
        return challenges.Count < options.MaxTpmChallenges;
    }

    /// <summary>Why is in the log of rejections; a stranger is told nothing.</summary>
    private Problem Refuse(TenantId tenant, string who, string why, Problem? told = null)
    {
        rejections.Record(tenants.Exists(tenant) ? tenant : tenants.Default, RejectionKind.Authentication, who, $"may not enrol: {why}");
        return told ?? NotProved;
    }

    private static Problem NotProved => new(ProblemKind.Unauthenticated, "The proof does not hold: check group and keys, and ask for a new challenge.");

    private static byte[] ReadBase64(string? text, int most)
    {
        var bytes = new byte[most];
        return text is not null && Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : [];
    }

    private sealed record Challenge(TenantId Tenant, string Group, string Registration, string KeyHash, byte[] Secret, TpmPublicArea Attestation, DateTimeOffset Until);
}
