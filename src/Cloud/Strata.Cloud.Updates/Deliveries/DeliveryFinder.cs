using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Configuration;
using Strata.Cloud.Platform.Updates;
using Strata.Cloud.Updates.Book;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Deliveries;

/// <summary>Finds what a request wants rolled out, and what a rollout gives those that join it.</summary>
internal sealed class DeliveryFinder(FleetFacts facts, IArtifacts artifacts, ILayers layers)
{
    public async Task<Outcome<IDelivery>> OfAsync(TenantId tenant, CreateRollout request, CancellationToken cancellationToken)
    {
        if (request.Configuration is not { } wanted)
            return Artifact(tenant, request.Artifact ?? "") is { } artifact ? artifact
                : new Problem(ProblemKind.NotFound, $"There is no artifact '{request.Artifact}'; 'strata artifacts list' says which there are.", "artifact");
        if (request.Artifact is not null || request.Query is not null || request.Devices is not null)
            return new Problem(ProblemKind.Invalid, "A configuration is rolled out to whom its layer concerns: without 'artifact', 'query' and 'devices'.", "configuration");
        if (wanted.Delete == wanted.Content is not null)
            return new Problem(ProblemKind.Invalid, "Say what the layer is to say by 'content', or that it goes by 'delete', one of both.", "configuration");
        if (wanted.Content is { ValueKind: not JsonValueKind.Object })
            return new Problem(ProblemKind.Invalid, "A layer is a JSON object of what is wanted.", "configuration.content");
        var prepared = await layers.PrepareAsync(tenant, wanted.Layer, wanted.Content?.GetRawText(), cancellationToken);
        if (!prepared.IsOk)
            return prepared.Problem;
        return prepared.Value.Change is { } change && change.Before == change.Content
            ? change.Content is null ? new Problem(ProblemKind.NotFound, $"There is no layer '{change.Layer}'.", "configuration.layer") : new Problem(ProblemKind.Conflict, $"Layer '{change.Layer}' says that already.", "configuration")
            : new LayerDelivery(prepared.Value);
    }

    /// <summary>Null when it is not there now.</summary>
    public async Task<IDelivery?> OfAsync(TenantId tenant, RolloutPlan plan, CancellationToken cancellationToken) => plan.Configuration is not { } change ? Artifact(tenant, plan.Artifact)
        : await layers.PrepareAsync(tenant, change.Layer, change.Content, cancellationToken) is { IsOk: true, Value: { } prepared } ? new LayerDelivery(prepared with { Change = change }) : null;

    private ArtifactDelivery? Artifact(TenantId tenant, string id) => artifacts.Find(tenant, id) is { } artifact ? new ArtifactDelivery(tenant, artifact, facts, artifacts) : null;
}
