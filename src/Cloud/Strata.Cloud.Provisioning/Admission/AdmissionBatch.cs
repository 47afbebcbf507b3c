using System.Globalization;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Provisioning.Rows;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Provisioning.Admission;

/// <summary>
/// Admits devices of one tenant together: decides on what is known of each, writes who came by which proof, then registers all that are new as one transaction. In this order, so that after a crash
/// between both a device that comes again is found to be itself. Runs one at a time.
/// </summary>
internal sealed class AdmissionBatch(ProvisioningStore store, IFleet fleet, TopicRuleBook rules, ProvisioningOptions options, TimeProvider time)
{
    /// <summary>Named in audit records.</summary>
    public const string Actor = "provisioning";

    public async Task RunAsync(IReadOnlyList<Candidate> candidates)
    {
        var tenant = candidates[0].Arrival.Tenant;
        var now = time.GetUtcNow();
        var decided = await store.EnrolAsync(tenant, (known, approvals, pending) => Decide(tenant, candidates, known, approvals, pending, now), [.. candidates.Select(c => c.Arrival.Key)]);
        foreach (var candidate in decided.Where(c => c.Effect is EnrolmentEffect.IdentityOnly && c.Arrival.Identity is not NewIdentity.Secret))
            candidate.Admit(null);
        await RegisterAsync(tenant, [.. decided.Where(c => c.Effect is EnrolmentEffect.Register)]);
        foreach (var candidate in decided.Where(c => c.Effect is not EnrolmentEffect.Register && (c.Effect is not EnrolmentEffect.IdentityOnly || c.Arrival.Identity is NewIdentity.Secret)))
            await ReprovisionAsync(tenant, candidate);
        foreach (var candidate in decided.Where(c => c.Effect is EnrolmentEffect.Register or EnrolmentEffect.Everything))
            rules.Set(tenant, candidate.Assigned.Id, candidate.Assigned.Topics);
    }

    private EnrolmentChanges Decide(
        TenantId tenant, IReadOnlyList<Candidate> candidates, IReadOnlyDictionary<string, EnrolmentRow> known, IReadOnlyDictionary<string, ApprovalRow> approvals, int pending, DateTimeOffset now)
    {
        var changes = new EnrolmentChanges([], [], []);
        foreach (var candidate in candidates)
        {
            candidate.Before = known.GetValueOrDefault(candidate.Arrival.Key);
            var effect = Effect(tenant, candidate);
            if (!effect.IsOk)
            {
                candidate.Refuse(effect.Problem);
                continue;
            }
            candidate.Effect = effect.Value;
            if (candidate.Template.NeedsApproval && candidate.Effect is EnrolmentEffect.Register && approvals.GetValueOrDefault(candidate.Arrival.Key) is var approval && approval?.State != ApprovalStates.Approved)
            {
                if (approval is null && pending + changes.Approvals.Count < options.MaxPending)
                    changes.Approvals.Add(Ask(tenant, candidate, now));
                candidate.Refuse(approval?.State == ApprovalStates.Denied
                    ? new Problem(ProblemKind.Forbidden, "it was denied by a person")
                    : new Problem(ProblemKind.Forbidden, PendingText, ApprovalStates.Pending));
                continue;
            }
            changes.Rows.Add((candidate.Before, Row(tenant, candidate, now)));
            changes.Admitted.Add(candidate);
        }
        return changes;
    }

    /// <summary>What one that waits for a person hears.</summary>
    public const string PendingText = "it waits for approval (strata enrolments approvals)";

    private Outcome<EnrolmentEffect> Effect(TenantId tenant, Candidate candidate)
    {
        var (arrival, id) = (candidate.Arrival, candidate.Assigned.Id);
        if (arrival.ProofTime is { } proof && candidate.Before?.LastProof >= proof)
            return new Problem(ProblemKind.Unauthenticated, "the proof was used before, or an earlier one than the last was sent");
        // One that is here already keeps its name, whatever its template says now.
        if (candidate.Before is { } before && DeviceId.Parse(before.Device) is var own && own != id && InService(fleet.Find(tenant, own)))
            candidate.Assigned = candidate.Assigned with { Id = id = own };
        var device = fleet.Find(tenant, id);
        var inService = InService(device);
        var itself = candidate.Before?.Device == id.Value;
        // A claim is shared: it says that a device is of a kind, not which. Once the device was heard, no claim speaks for it.
        if (arrival.Device.Method is ArrivalMethod.Claim && inService && device!.State is not DeviceState.Provisioning)
            return new Problem(ProblemKind.Conflict, $"'{id.Value}' is in service; a certificate that many share cannot take it over. Decommission it first.", "id");
        return Reprovisioning.Decide(candidate.Template.Reprovision, id.Value, inService, itself);
    }

    private static bool InService(FleetDevice? device) => device is { State: not DeviceState.Decommissioned };

    private async Task RegisterAsync(TenantId tenant, List<Candidate> candidates)
    {
        while (candidates.Count > 0)
        {
            var caller = new Caller(tenant, Actor) { Origin = candidates.Count == 1 ? candidates[0].Arrival.From : null };
            var registered = await fleet.RegisterAsync(caller, [.. candidates.Select(ToDevice)], CancellationToken.None);
            if (registered.IsOk)
            {
                for (var i = 0; i < candidates.Count; i++)
                    candidates[i].Admit(registered.Value[i].Secret);
                return;
            }
            // All or none: the one at fault goes, the others are tried again. A fault that names none is everybody's, unless there is less room than they need.
            var at = IndexOf(registered.Problem.Field);
            if (at is null && registered.Problem.Kind is ProblemKind.TooMuch && candidates.Count > 1)
            {
                foreach (var candidate in candidates)
                    await RegisterAsync(tenant, [candidate]);
                return;
            }
            var refused = at is { } index && index < candidates.Count ? [candidates[index]] : candidates;
            await store.TakeBackAsync(tenant, [.. refused.Select(c => (c.Arrival.Key, c.Before))]);
            foreach (var candidate in refused.ToList())
            {
                candidate.Refuse(registered.Problem);
                candidates = candidates.FindAll(c => c != candidate);
            }
        }
    }

    private async Task ReprovisionAsync(TenantId tenant, Candidate candidate)
    {
        var scope = candidate.Effect switch { EnrolmentEffect.Place => ReprovisionScope.Place, EnrolmentEffect.Everything => ReprovisionScope.Everything, _ => ReprovisionScope.Identity };
        var done = await fleet.ReprovisionAsync(new Caller(tenant, Actor) { Origin = candidate.Arrival.From }, ToDevice(candidate), scope, CancellationToken.None);
        if (done.IsOk)
            candidate.Admit(done.Value.Secret);
        else
            candidate.Refuse(done.Problem);
    }

    private static NewDevice ToDevice(Candidate candidate)
    {
        var device = candidate.Assigned;
        return new NewDevice(device.Id)
        {
            Site = device.Site is null ? null : SiteId.Parse(device.Site), Model = device.Model, Heartbeat = device.Heartbeat, Deadband = device.Deadband, Gateways = device.Gateways, Groups = device.Groups,
            Tags = device.Tags, Serial = device.Serial, PowerProfile = device.PowerProfile, Identity = candidate.Arrival.Identity,
            Cause = $"came by {MethodOf(candidate.Arrival.Device.Method)}, template {device.Template}",
        };
    }

    private static EnrolmentRow Row(TenantId tenant, Candidate candidate, DateTimeOffset now) => new()
    {
        TenantId = tenant.Value, Key = candidate.Arrival.Key, Device = candidate.Assigned.Id.Value, Template = candidate.Template.Name,
        Topics = candidate.Effect is EnrolmentEffect.Register or EnrolmentEffect.Everything ? TopicRuleBook.Write(candidate.Assigned.Topics) : candidate.Before?.Topics, First = candidate.Before?.First ?? now, Last = now,
        LastProof = candidate.Arrival.ProofTime ?? candidate.Before?.LastProof,
    };

    private static ApprovalRow Ask(TenantId tenant, Candidate candidate, DateTimeOffset now) => new()
    {
        TenantId = tenant.Value, Key = candidate.Arrival.Key, Id = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6)), Template = candidate.Template.Name,
        Device = candidate.Assigned.Id.Value, Site = candidate.Assigned.Site, State = ApprovalStates.Pending, Asked = now,
        Facts = $"{TemplateMatcher.Describe(candidate.Arrival.Device)}, by {MethodOf(candidate.Arrival.Device.Method)}{(candidate.Arrival.From is { } from ? $" from {from}" : "")}",
    };

    private static string MethodOf(ArrivalMethod method) => method switch
    {
        ArrivalMethod.Certificate => "certificate", ArrivalMethod.SymmetricKey => "its group's key", ArrivalMethod.Claim => "a claim", ArrivalMethod.Tpm => "its TPM", _ => "hand",
    };

    /// <summary>Which device a problem is about: <c>devices[17].site</c>.</summary>
    private static int? IndexOf(string? field) =>
        field is not null && field.StartsWith("devices[", StringComparison.Ordinal) && int.TryParse(field.AsSpan(8, Math.Max(0, field.IndexOf(']', StringComparison.Ordinal) - 8)), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : null;
}

/// <summary>What a batch writes before its devices are registered.</summary>
internal sealed record EnrolmentChanges(List<(EnrolmentRow? Before, EnrolmentRow After)> Rows, List<ApprovalRow> Approvals, List<Candidate> Admitted);

/// <summary>How approvals stand.</summary>
internal static class ApprovalStates
{
    public const string Pending = "pending";
    public const string Approved = "approved";
    public const string Denied = "denied";
}
