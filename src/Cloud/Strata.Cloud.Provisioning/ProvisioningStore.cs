using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Provisioning.Admission;
using Strata.Cloud.Provisioning.Rows;
using Strata.Cloud.Provisioning.Templates;
using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Provisioning;

/// <summary>The slice's tables, and the templates in memory, by which arriving devices are judged.</summary>
internal sealed partial class ProvisioningStore(IRegistryDatabase database, TopicRuleBook rules, AuditNumbers numbers, TimeProvider time, ILogger<ProvisioningStore> logger)
    : AuditedStore<ProvisioningDbContext>(database, ProvisioningDbContext.MigrationsTable, static (options, tenant) => new ProvisioningDbContext(options, tenant), numbers, time, logger)
{
    private readonly ConcurrentDictionary<TenantId, ImmutableSortedDictionary<string, DeviceTemplate>> templates = new();

    /// <summary>The tenant's templates, by name.</summary>
    public ImmutableSortedDictionary<string, DeviceTemplate> Templates(TenantId tenant) => templates.GetValueOrDefault(tenant) ?? ImmutableSortedDictionary.Create<string, DeviceTemplate>(StringComparer.Ordinal);

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(cancellationToken);
        foreach (var tenant in await TenantsAsync("which templates devices are registered by", cancellationToken))
            await LoadAsync(tenant, cancellationToken);
    }

    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        var rows = await context.ReadAllAsync<TemplateRow>(cancellationToken);
        foreach (var (device, topics) in (await context.Enrolments.AsNoTracking().Where(e => e.Topics != null).Select(e => new { e.Device, e.Topics }).ToListAsync(cancellationToken)).Select(e => (e.Device, e.Topics!)))
            rules.Set(tenant, DeviceId.Parse(device), TopicRuleBook.Read(topics));
        templates[tenant] = rows.ToImmutableSortedDictionary(r => r.Name, TemplateContent.Read, StringComparer.Ordinal);
    }

    /// <summary>Follows a change of templates that was written, on its turn.</summary>
    public void Follow(TenantId tenant, IEnumerable<(TemplateRow? Before, TemplateRow? After)> changes)
    {
        var now = Templates(tenant).ToBuilder();
        foreach (var (before, after) in changes)
        {
            if (after is null)
                now.Remove(before!.Name);
            else
                now[after.Name] = TemplateContent.Read(after);
        }
        templates[tenant] = now.ToImmutable();
    }

    public void Forget(TenantId tenant)
    {
        templates.TryRemove(tenant, out _);
        rules.Forget(tenant);
    }
}
