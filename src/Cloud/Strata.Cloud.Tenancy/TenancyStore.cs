using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy;

/// <summary>What this slice holds of one tenant, in memory. Immutable; every commit replaces it.</summary>
internal sealed record TenancyImage(TenantRow Tenant, ImmutableSortedDictionary<string, ApiTokenRow> Tokens, ImmutableSortedDictionary<string, RoleRow> Roles)
{
    /// <summary>What the tenant may use; null while nobody has said.</summary>
    public QuotaRow? Quota { get; init; }

    /// <summary>The platform's plans; in the first tenant's image.</summary>
    public ImmutableSortedDictionary<string, QuotaPlanRow> QuotaPlans { get; init; } = ImmutableSortedDictionary.Create<string, QuotaPlanRow>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, ShareRow> Shares { get; init; } = ImmutableSortedDictionary<string, ShareRow>.Empty;

    public bool IsActive => Tenant.State == TenantState.Active;

    /// <summary>A built-in role or one of the tenant's own; null when there is none of that name.</summary>
    public Role? FindRole(string name)
    {
        if (Role.TryFindBuiltIn(name, out var builtIn))
            return builtIn;
        return Roles.TryGetValue(name, out var own) ? ToRole(own) : null;
    }

    public static Role ToRole(RoleRow row) => new(
        row.Name, PermissionSet.Of([.. row.Permissions.Split(',').Where(n => Permissions.TryParse(n, out _)).Select(n => Permissions.TryParse(n, out var p) ? p : default)]));
}

/// <summary>
/// Tenants, tokens and roles: their images in memory and the one way to change them. Changes come one after the other; each is decided on the current image and written as
/// one transaction with its audit record. Reads never wait.
/// </summary>
internal sealed class TenancyStore : IDisposable
{
    private readonly IRegistryDatabase database;
    private readonly AuditNumbers numbers;
    private readonly TimeProvider time;
    private readonly DbContextOptions<TenancyDbContext> options;
    private readonly ConcurrentDictionary<TenantId, TenancyImage> images = new();
    private readonly RegistryTurn<TenancyDbContext> turn;

    public TenancyStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<TenancyStore> logger)
    {
        (this.database, this.numbers, this.time) = (database, numbers, time);
        options = database.OptionsFor<TenancyDbContext>(TenancyDbContext.MigrationsTable);
        turn = new RegistryTurn<TenancyDbContext>(database, Create, LoadAsync, logger);
    }

    /// <summary>Raised after a commit, on the writer's turn: before and after; null is none.</summary>
    public event Action<TenantId, TenancyImage?, TenancyImage>? Changed;

    /// <summary>In no order; deleted ones too.</summary>
    public IEnumerable<TenancyImage> All => images.Values;

    public TenancyImage? Find(TenantId tenant) => images.GetValueOrDefault(tenant);

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<TenantId> tenants;
        await using (var context = Create(TenantId.Main))
        {
            await database.MigrateAsync(context, TenancyDbContext.MigrationsTable, cancellationToken);
            tenants = await database.TenantsAsync(context, "start of the node: loading tenants, tokens and roles", cancellationToken);
        }
        foreach (var tenant in tenants)
            await LoadAsync(tenant, cancellationToken);
    }

    /// <summary>Decides and makes a change of one tenant; a problem writes nothing.</summary>
    public Task<Outcome<T>> ChangeAsync<T>(Caller caller, Func<TenancyImage?, DateTimeOffset, Outcome<TenancyChange<T>>> decide, CancellationToken cancellationToken) =>
        turn.ChangeAsync<T>(caller.Tenant, async () =>
        {
            var before = Find(caller.Tenant);
            var outcome = decide(before, time.GetUtcNow());
            if (!outcome.IsOk)
                return outcome.Problem;
            await SaveAsync(caller, outcome.Value);
            images[caller.Tenant] = outcome.Value.Image;
            Changed?.Invoke(caller.Tenant, before, outcome.Value.Image);
            numbers.Announce(caller.Tenant);
            return outcome.Value.Result;
        }, cancellationToken);

    /// <summary>Writes when tokens were used last; no audit, it is an observation.</summary>
    public Task NoteUseAsync(TenantId tenant, IReadOnlyDictionary<string, DateTimeOffset> used, CancellationToken cancellationToken) => turn.ObserveAsync(
        tenant,
        async context =>
        {
            foreach (var (prefix, at) in used)
                await context.Tokens.Where(t => t.Prefix == prefix).ExecuteUpdateAsync(t => t.SetProperty(r => r.LastUsed, at), cancellationToken);
        },
        () =>
        {
            if (Find(tenant) is { } image)
                images[tenant] = image with { Tokens = image.Tokens.SetItems(used.Where(u => image.Tokens.ContainsKey(u.Key)).Select(u => KeyValuePair.Create(u.Key, image.Tokens[u.Key] with { LastUsed = u.Value }))) };
        },
        cancellationToken);

    /// <summary>Takes the image from the tables, which were changed by somebody else.</summary>
    public Task LoadAgainAsync(TenantId tenant, CancellationToken cancellationToken) => turn.LoadAgainAsync(tenant, cancellationToken);

    public void Dispose() => turn.Dispose();

    private TenancyDbContext Create(TenantId tenant) => new(options, tenant);

    private async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        if (await context.Tenants.SingleOrDefaultAsync(cancellationToken) is not { } row)
        {
            // A new one that was not written after all.
            if (images.TryRemove(tenant, out var never))
                Changed?.Invoke(tenant, never, never with { Tenant = never.Tenant with { State = TenantState.Deleted } });
            return;
        }
        var image = new TenancyImage(
            row, (await context.ReadAllAsync<ApiTokenRow>(cancellationToken)).ToImmutableSortedDictionary(t => t.Prefix, t => t, StringComparer.Ordinal),
            (await context.ReadAllAsync<RoleRow>(cancellationToken)).ToImmutableSortedDictionary(r => r.Name, r => r, StringComparer.Ordinal))
        {
            Quota = (await context.ReadAllAsync<QuotaRow>(cancellationToken)).SingleOrDefault(),
            QuotaPlans = (await context.ReadAllAsync<QuotaPlanRow>(cancellationToken)).ToImmutableSortedDictionary(p => p.Name, p => p, StringComparer.Ordinal),
            Shares = (await context.ReadAllAsync<ShareRow>(cancellationToken)).ToImmutableSortedDictionary(s => s.Name, s => s, StringComparer.Ordinal),
        };
        var before = Find(tenant);
        images[tenant] = image;
        Changed?.Invoke(tenant, before, image);
    }

    private Task SaveAsync<T>(Caller caller, TenancyChange<T> change) =>
        turn.SaveAsync(caller.Tenant, change.Rows.Select(r => ((object?)r.Before, (object?)r.After)),
        [
            new AuditRow
            {
                TenantId = caller.Tenant.Value, Id = numbers.Next(caller.Tenant), Time = time.GetUtcNow(), Actor = caller.Actor, Origin = caller.Origin,
                Action = change.Action, Kind = change.Kind, Subject = change.Subject, Before = Json(change.Before), After = Json(change.After),
            },
        ]);

    private static string? Json(object? value) => value is null ? null : JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
}

/// <summary>A decided change.</summary>
/// <param name="Rows">What differs, for the database.</param>
/// <param name="Before">For the audit record; no secrets.</param>
internal sealed record TenancyChange<T>(
    T Result, TenancyImage Image, IReadOnlyList<(IAuditedRow? Before, IAuditedRow? After)> Rows, string Action, string Kind, string Subject, object? Before, object? After);
