using Strata.Cloud.Platform.Configuration;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Book;

/// <summary>What rollouts make of layers, for who keeps the layers.</summary>
internal sealed class StagedLayers(UpdatesStore store) : IStagedLayers
{
    public string? HolderOf(TenantId tenant, string layer)
    {
        var book = store.Of(tenant);
        lock (book.Gate)
            return book.HolderOf(layer)?.Rollout.Plan.Id;
    }

    public async Task<IReadOnlyList<StagedLayer>> OfAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await store.Loaded.WaitAsync(cancellationToken);
        if (!await store.SettleAsync(tenant, cancellationToken))
            throw new IOException(RolloutDesk.Unavailable.Detail);
        List<StagedLayer> staged;
        var book = store.Of(tenant);
        int loads;
        lock (book.Gate)
        {
            staged = [.. book.Holders.OrderBy(l => l.Rollout.Plan.Created).Select(l => Of(l.Rollout))];
            loads = book.Loads;
        }
        // Nobody is told of a decision before it is written.
        if (staged.Count > 0 && await store.WriteAsync(tenant, loads) is { } problem)
            throw new IOException(problem.Detail);
        return staged;
    }

    private static StagedLayer Of(Rollout rollout) => new(
        rollout.Plan.Id, rollout.Plan.Configuration!.Layer, rollout.Plan.Configuration.Content,
        rollout.Head.State == RolloutState.Done ? null : rollout.Members.Keys.Where(rollout.Has).ToHashSet());
}
