using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Rows;

namespace Strata.Cloud.Devices.Description;

/// <summary>What must be done so that the registry is as described, in an order in which it can be done.</summary>
internal sealed record ArchitecturePlan(IReadOnlyList<PlanStep> Steps)
{
    public IReadOnlyList<ApplyChange> Changes => [.. Steps.Select(s => s.Change)];
}

/// <summary>One line of the difference with what it is about.</summary>
internal abstract record PlanStep(ApplyChange Change);

internal sealed record PutSite(ApplyChange Change, DescribedSite Site) : PlanStep(Change);

internal sealed record RemoveSite(ApplyChange Change, SiteRow Site) : PlanStep(Change);

/// <param name="Current">Null when it is new.</param>
internal sealed record PutGateway(ApplyChange Change, DescribedGateway Gateway, GatewayRow? Current) : PlanStep(Change);

internal sealed record RemoveGateway(ApplyChange Change, GatewayRow Gateway) : PlanStep(Change);

/// <param name="Current">Null when it is new; then it gets a secret.</param>
internal sealed record PutDevice(ApplyChange Change, DescribedDevice Device, DeviceRow? Current) : PlanStep(Change);

internal sealed record RemoveDevice(ApplyChange Change, DeviceRow Device) : PlanStep(Change);

internal sealed record PutGroup(ApplyChange Change, DescribedGroup Group) : PlanStep(Change);

internal sealed record PutView(ApplyChange Change, DescribedView View) : PlanStep(Change);

internal sealed record RemoveView(ApplyChange Change, ViewRow View) : PlanStep(Change);

internal sealed record RemoveGroup(ApplyChange Change, GroupRow Group) : PlanStep(Change);
