using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Provisioning.Admission;
using Strata.Cloud.Provisioning.Rows;
using Strata.Core;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Provisioning.Enrolment;

/// <summary>
/// <c>POST /api/v1/provisioning/enroll</c>: a device proves that it has its key of an enrolment group (<see cref="EnrolmentProof"/>), is registered by the first template that matches, and gets a secret, or a
/// certificate for its own key. All that a stranger hears is that he is not let in.
/// </summary>
internal sealed class Enrol(ProvisioningStore store, GroupKeys keys, AdmissionDesk desk, DeviceCredentials credentials, TenantDirectory tenants, IRejectionLog rejections, TimeProvider time)
{
    private const int MaxTextLength = 128;

    public static async Task<IResult> HandleAsync(HttpContext context, Enrol enrol, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.EnrolRequest, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        return Answer(context, await enrol.RunAsync(request.Value, context.Connection.RemoteIpAddress?.ToString(), cancellationToken));
    }

    /// <summary>What a device is told: what it got, that a person decides, or what is wrong.</summary>
    internal static IResult Answer(HttpContext context, Outcome<EnrolledDevice> enrolled)
    {
        context.Response.Headers.CacheControl = "no-store";
        return enrolled.IsOk || enrolled.Problem.Field != ApprovalStates.Pending
            ? enrolled.ToResult(e => Results.Json(e, ContractsJson.Default.EnrolledDevice))
            : Results.Json(new EnrolledDevice(ApprovalStates.Pending, null, null, null, null), ContractsJson.Default.EnrolledDevice, statusCode: StatusCodes.Status202Accepted);
    }

    private async Task<Outcome<EnrolledDevice>> RunAsync(EnrolRequest request, string? from, CancellationToken cancellationToken)
    {
        var tenant = tenants.Default;
        if (request.Tenant is not null && !TenantId.TryParse(request.Tenant, out tenant))
            return new Problem(ProblemKind.Invalid, "'tenant' is no tenant's id.", "tenant");
        if (Wrong(request) is { } wrong)
            return wrong;
        var csr = credentials.Read(request.Csr);
        if (!csr.IsOk)
            return csr.Problem;
        var proved = await ProveAsync(tenant, request, csr.Value, cancellationToken);
        if (!proved.IsOk)
            return Refuse(tenant, request, proved.Problem);
        var arrival = new Arrival(
            tenant,
            new ArrivingDevice
            {
                Method = ArrivalMethod.SymmetricKey, Enrolment = request.Group, Registration = request.Registration, Sku = request.Sku, Serial = request.Serial ?? request.Registration,
            },
            $"key/{request.Group}/{request.Registration}", csr.Value.Length == 0 ? NewIdentity.Secret : NewIdentity.Certificate) { From = from, ProofTime = request.Time };
        var admitted = await desk.AdmitAsync(arrival, cancellationToken);
        if (!admitted.IsOk)
            return Refuse(tenant, request, admitted.Problem);
        return await credentials.GiveAsync(tenant, admitted.Value, csr.Value, request.Registration, from, cancellationToken);
    }

    /// <summary>Nothing when it is proved. A group that is not there takes as long as one that is.</summary>
    private async Task<Outcome<bool>> ProveAsync(TenantId tenant, EnrolRequest request, byte[] csr, CancellationToken cancellationToken)
    {
        EnrolmentGroupRow? group = null;
        var key = new byte[EnrolmentProof.KeyLength];
        if (tenants.IsActive(tenant))
        {
            await using var tables = store.Create(tenant);
            group = await tables.EnrolmentGroups.AsNoTracking().FirstOrDefaultAsync(g => g.Name == request.Group && g.Method == EnrolmentGroups.ByKey, cancellationToken);
        }
        if (group is not null)
            key = await keys.OpenAsync(tenant, group, cancellationToken);
        var expected = EnrolmentProof.Sign(
            EnrolmentProof.KeyOf(key, request.Registration), tenant.Value, request.Group, request.Registration, request.Time, request.Sku, request.Serial, csr.Length == 0 ? "" : Convert.ToHexStringLower(SHA256.HashData(csr)));
        var given = new byte[expected.Length];
        if (!Convert.TryFromBase64String(request.Signature, given, out var length) || length != given.Length)
            given = new byte[expected.Length];
        var why = EnrolmentProof.WhyNot(given, expected, request.Time, null, time.GetUtcNow());
        if (group is null)
            return new Problem(ProblemKind.Unauthenticated, "there is no such enrolment group");
        if (why is not null)
            return new Problem(ProblemKind.Unauthenticated, why);
        if (!group.IsEnabled)
            return new Problem(ProblemKind.Forbidden, "its enrolment group is disabled");
        return EnrolmentGroups.Lists(group).WhyNot(request.Registration) is { } listed ? new Problem(ProblemKind.Forbidden, listed) : true;
    }

    /// <summary>Why is in the log of rejections; a stranger is told nothing.</summary>
    private Problem Refuse(TenantId tenant, EnrolRequest request, Problem problem)
    {
        rejections.Record(tenants.Exists(tenant) ? tenant : tenants.Default, RejectionKind.Authentication, request.Registration, $"may not enrol: {problem.Detail}");
        return problem.Kind is ProblemKind.Unauthenticated ? new Problem(ProblemKind.Unauthenticated, "The proof does not hold: check group, key, and clock.") : problem;
    }

    private static Problem? Wrong(EnrolRequest request)
    {
        if (WrongText(("group", request.Group, true), ("registration", request.Registration, true), ("sku", request.Sku, false), ("serial", request.Serial, false)) is { } wrong)
            return wrong;
        return string.IsNullOrEmpty(request.Signature) || request.Signature.Length > 100 ? new Problem(ProblemKind.Invalid, "'signature' is the base64 of 32 bytes.", "signature") : null;
    }

    /// <summary>What is wrong with texts that a device says of itself; null when nothing is.</summary>
    internal static Problem? WrongText(params ReadOnlySpan<(string Field, string? Value, bool IsNeeded)> texts)
    {
        foreach (var (field, value, isNeeded) in texts)
        {
            if (value is null ? isNeeded : value.Length is 0 or > MaxTextLength || value.Any(char.IsControl) || value.Contains('/', StringComparison.Ordinal))
                return new Problem(ProblemKind.Invalid, $"'{field}' has 1 to {MaxTextLength} characters, no slash and no control characters.", field);
        }
        return null;
    }
}
