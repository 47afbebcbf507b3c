using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Shadows;
using Strata.Cloud.Updates;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Updates;

/// <summary>A registry whose writes of rollouts, and of layers, can be held and can fail, before they are committed or after.</summary>
internal sealed class FaultyRegistry(IRegistryDatabase inner, WriteFaults faults, WriteFaults layerFaults) : IRegistryDatabase, IAsyncDisposable
{
    public KeyRing Keys => inner.Keys;

    public RegistryFile? File => inner.File;

    public TenantGates Gates => inner.Gates;

    public bool IsApart(TenantId tenant) => inner.IsApart(tenant);

    public void Place(TenantId tenant, bool apart) => inner.Place(tenant, apart);

    public Task<Problem?> CannotPlaceAsync(TenantId tenant, CancellationToken cancellationToken) => inner.CannotPlaceAsync(tenant, cancellationToken);

    public Task PrepareOwnAsync(TenantId tenant, CancellationToken cancellationToken) => inner.PrepareOwnAsync(tenant, cancellationToken);

    public Task RemoveOwnAsync(TenantId tenant, TenantTables tables, CancellationToken cancellationToken) => inner.RemoveOwnAsync(tenant, tables, cancellationToken);

    public Task<RegistryRows> OpenRowsAsync(TenantId tenant, RegistryPlace place, bool write, CancellationToken cancellationToken) => inner.OpenRowsAsync(tenant, place, write, cancellationToken);

    public Task<long> ClearSharedAsync(TenantId tenant, TenantTables tables, CancellationToken cancellationToken) => inner.ClearSharedAsync(tenant, tables, cancellationToken);

    public Task ScrubAsync(TenantId tenant, CancellationToken cancellationToken) => inner.ScrubAsync(tenant, cancellationToken);

    public DbContextOptions<TContext> OptionsFor<TContext>(string migrationsTable)
        where TContext : StrataDbContext =>
        FaultsOf(typeof(TContext)) is { } of ? new DbContextOptionsBuilder<TContext>(inner.OptionsFor<TContext>(migrationsTable)).AddInterceptors(of).Options : inner.OptionsFor<TContext>(migrationsTable);

    private WriteFaults? FaultsOf(Type context) => context == typeof(UpdatesDbContext) ? faults : context == typeof(ShadowsDbContext) ? layerFaults : null;

    public Task MigrateAsync<TContext>(TContext context, string migrationsTable, CancellationToken cancellationToken)
        where TContext : StrataDbContext => inner.MigrateAsync(context, migrationsTable, cancellationToken);

    public Task<IReadOnlyList<TenantId>> TenantsAsync(StrataDbContext context, string purpose, CancellationToken cancellationToken) => inner.TenantsAsync(context, purpose, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (inner is IAsyncDisposable server)
            await server.DisposeAsync();
        else
            (inner as IDisposable)?.Dispose();
    }

    public Problem? Explain(Exception failure) => failure is WriteFault ? new Problem(ProblemKind.Unavailable, "The test lets the write fail.") : inner.Explain(failure);
}

/// <summary>What is to become of the next writes of rollouts.</summary>
internal sealed class WriteFaults : SaveChangesInterceptor
{
    private volatile TaskCompletionSource? held;
    private volatile bool before, after;

    /// <summary>The next write fails, and nothing of it is committed.</summary>
    public void FailNext() => before = true;

    /// <summary>The next write is committed, and its writer is not told so.</summary>
    public void LoseNext() => after = true;

    /// <summary>Writes wait until it is called.</summary>
    public Action Hold()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        held = gate;
        return () =>
        {
            held = null;
            gate.TrySetResult();
        };
    }

    public override async ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        if (held is { } gate)
            await gate.Task.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
        if (!before)
            return result;
        before = false;
        throw new WriteFault();
    }

    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (!after)
            return ValueTask.FromResult(result);
        after = false;
        throw new WriteFault();
    }
}

internal sealed class WriteFault() : Exception("the write failed");
