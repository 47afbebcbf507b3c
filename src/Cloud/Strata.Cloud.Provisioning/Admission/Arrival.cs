using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Provisioning.Admission;

/// <summary>A device that has proved who it is and asks to be registered.</summary>
/// <param name="Key">What it proves itself by, see <see cref="Rows.EnrolmentRow.Key"/>.</param>
/// <param name="Identity">What it will show when it connects.</param>
internal sealed record Arrival(TenantId Tenant, ArrivingDevice Device, string Key, NewIdentity Identity)
{
    /// <summary>The address it came from.</summary>
    public string? From { get; init; }

    /// <summary>The time in its proof, in seconds since 1970; a proof is taken once.</summary>
    public long? ProofTime { get; init; }
}

/// <summary>A device that was admitted.</summary>
/// <param name="Effect">Whether it was registered, or what else became of it.</param>
/// <param name="Secret">Shown once; null where none was made.</param>
internal sealed record Admitted(DeviceId Device, EnrolmentEffect Effect, string? Secret);

/// <summary>An arrival with what its template makes of it, on its way through a batch.</summary>
internal sealed class Candidate(Arrival arrival, DeviceTemplate template, AssignedDevice assigned)
{
    private readonly TaskCompletionSource<Outcome<Admitted>> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Arrival Arrival { get; } = arrival;

    public DeviceTemplate Template { get; } = template;

    /// <summary>One that is here already keeps its name.</summary>
    public AssignedDevice Assigned { get; set; } = assigned;

    public Task<Outcome<Admitted>> Answer => answer.Task;

    /// <summary>Decided while the batch runs.</summary>
    public EnrolmentEffect Effect { get; set; }

    /// <summary>Its row of the time before; null when it comes for the first time.</summary>
    public Rows.EnrolmentRow? Before { get; set; }

    public void Admit(string? secret) => answer.TrySetResult(new Admitted(Assigned.Id, Effect, secret));

    public void Refuse(Problem problem) => answer.TrySetResult(problem);

    public void Fail(Exception fault) => answer.TrySetException(fault);
}
