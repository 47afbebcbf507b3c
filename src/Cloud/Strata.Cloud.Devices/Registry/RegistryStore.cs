using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Devices.Gateways;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Registry;

/// <summary>A committed change, for those who follow the registry.</summary>
internal sealed record RegistryCommit(TenantId Tenant, RegistryChange Change, IReadOnlyList<GatewayDelta> Deltas);

/// <summary>
/// The registry: its image in memory and the one way to change it. Changes come one after the other; each is decided on the current image, written as one
/// transaction with its audit records, then published. Reads take the image and never wait.
/// </summary>
internal sealed partial class RegistryStore : IDisposable
{
    private readonly IRegistryDatabase database;
    private readonly AuditNumbers numbers;
    private readonly TimeProvider time;
    private readonly ILogger<RegistryStore> logger;
    private readonly TenantPlacements? placements;
    private readonly DbContextOptions<DevicesDbContext> options;
    private readonly ConcurrentDictionary<TenantId, RegistryImage> images = new();
    private readonly RegistryTurn<DevicesDbContext> turn;

    public RegistryStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<RegistryStore> logger, TenantPlacements? placements = null)
    {
        (this.database, this.numbers, this.time, this.logger, this.placements) = (database, numbers, time, logger, placements);
        options = database.OptionsFor<DevicesDbContext>(DevicesDbContext.MigrationsTable);
        turn = new RegistryTurn<DevicesDbContext>(database, CreateContext, SettleAsync, logger);
    }

    /// <summary>Raised after the commit, before the image is replaced; on the writer's turn, in commit order.</summary>
    public event Action<RegistryCommit>? Publishing;

    /// <summary>Raised after the image was replaced; on the writer's turn, in commit order. Must be quick.</summary>
    public event Action<RegistryCommit>? Published;

    /// <summary>Raised when an image was loaded again after a change whose outcome was unknown; on the writer's turn.</summary>
    public event Action<TenantId>? Reloaded;

    public IEnumerable<TenantId> Tenants => images.Keys;

    public RegistryImage Image(TenantId tenant) => images.GetValueOrDefault(tenant) ?? RegistryImage.Empty;

    /// <summary>A context for what is not in the image (audit, rejections, observations).</summary>
    public DevicesDbContext CreateContext(TenantId tenant) => new(options, tenant);

    /// <summary>Brings the tables up to date and loads the images.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        await using (var context = CreateContext(TenantId.Main))
            await database.MigrateAsync(context, DevicesDbContext.MigrationsTable, cancellationToken);
        IReadOnlyList<TenantId> tenants;
        await using (var context = CreateContext(TenantId.Main))
            tenants = await database.TenantsAsync(context, "start of the node: loading the registry", cancellationToken);
        if (placements is not null)
            await placements.LoadAsync(tenants, cancellationToken);
        foreach (var tenant in tenants)
            images[tenant] = await LoadAsync(tenant, cancellationToken);
        LogLoaded(images.Values.Sum(i => i.Devices.Count), time.GetElapsedTime(started).TotalMilliseconds);
    }

    /// <summary>
    /// Decides and makes a change. <paramref name="decide"/> runs alone, on the current image; a problem it returns, or nothing changed, writes nothing.
    /// A database that cannot write is the problem <see cref="ProblemKind.Unavailable"/>, with nothing changed.
    /// </summary>
    public Task<Outcome<T>> ChangeAsync<T>(Caller caller, Func<RegistryChange, Outcome<T>> decide, CancellationToken cancellationToken) =>
        turn.ChangeAsync(caller.Tenant, async () =>
        {
            var change = new RegistryChange(Image(caller.Tenant), caller, time.GetUtcNow());
            var outcome = decide(change);
            if (!outcome.IsOk || change.IsEmpty)
                return outcome;
            var deltas = GatewayDelta.Apply(change);
            await turn.SaveAsync(caller.Tenant, change.Rows.Select(r => ((object?)r.Before, (object?)r.After)), change.AuditRows(() => numbers.Next(caller.Tenant)));
            var commit = new RegistryCommit(caller.Tenant, change, deltas);
            Publishing?.Invoke(commit);
            images[caller.Tenant] = change.Image;
            Published?.Invoke(commit);
            numbers.Announce(caller.Tenant);
            return outcome;
        }, cancellationToken);

    /// <summary>Writes what is not in the image (observations, rejections), in turn with the changes. Its exceptions are the caller's.</summary>
    public Task WriteAsync(TenantId tenant, Func<DevicesDbContext, Task> write, CancellationToken cancellationToken) => turn.ObserveAsync(tenant, write, null, cancellationToken);

    /// <summary>Takes the image from the tables, which were changed by somebody else.</summary>
    public Task LoadAgainAsync(TenantId tenant, CancellationToken cancellationToken) => turn.LoadAgainAsync(tenant, cancellationToken);

    public void Dispose() => turn.Dispose();

    /// <summary>After a failure the database may hold what the image does not: a server's answer to a commit can be lost.</summary>
    private async Task SettleAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        images[tenant] = await LoadAsync(tenant, cancellationToken);
        Reloaded?.Invoke(tenant);
    }

    private async Task<RegistryImage> LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = CreateContext(tenant);
        numbers.Start(tenant, await context.Audit.MaxAsync(a => (long?)a.Id, cancellationToken) ?? 0);
        numbers.Announce(tenant); // What an earlier run did not seal.
        return RegistryImage.Load(
            await context.ReadAllAsync<SiteRow>(cancellationToken),
            await context.ReadAllAsync<GatewayRow>(cancellationToken),
            await context.ReadAllAsync<DeviceRow>(cancellationToken),
            await context.ReadAllAsync<GroupRow>(cancellationToken),
            await context.ReadAllAsync<JoinTokenRow>(cancellationToken),
            await context.ReadAllAsync<ViewRow>(cancellationToken));
    }

    [LoggerMessage(5001, LogLevel.Information, "The registry is loaded: {Devices} devices in {Milliseconds:0} ms.")]
    private partial void LogLoaded(int devices, double milliseconds);
}
