using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform;

/// <summary>
/// What every slice's part of the registry has in common: one tenant per context, a filter on it for every entity, and the audit trail. A
/// context sees and writes rows of its tenant only; the filter is in the model, not in the queries. Short-lived, not shared between threads.
/// </summary>
public abstract class StrataDbContext : DbContext
{
    protected StrataDbContext(DbContextOptions options, TenantId tenant)
        : base(options)
    {
        Tenant = tenant;
        Protection = options.FindExtension<CoreOptionsExtension>()?.Interceptors?.OfType<FieldProtection>().FirstOrDefault();
        // In PostgreSQL the tenant is bound at the beginning of a transaction, so that there must be one.
        Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
    }

    /// <summary>Longest tenant id, as the column.</summary>
    private const int TenantIdLength = 64;

    /// <summary>The tenant whose rows this context sees.</summary>
    public TenantId Tenant { get; }

    /// <summary>Whether the context is of the shared database, also when the tenant has one of its own.</summary>
    public virtual bool StaysAtHome => false;

    /// <summary>What seals and opens protected fields; null outside of a node.</summary>
    internal FieldProtection? Protection { get; }

    /// <summary>Read by the query filters; EF Core turns it into a parameter of each query.</summary>
    public string CurrentTenantId => Tenant.Value;

    public DbSet<TenantRow> Tenants => Set<TenantRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    public DbSet<AuditSealRow> AuditSeals => Set<AuditSealRow>();

    public DbSet<AuditMarkRow> AuditMarks => Set<AuditMarkRow>();

    /// <summary>Whether this context's migrations make the tables that all contexts share: one slice's do.</summary>
    protected virtual bool MakesSharedTables => false;

    /// <summary>The slice's own entities: keys, lengths, indexes. Each key begins with the tenant.</summary>
    protected abstract void ConfigureSlice(ModelBuilder modelBuilder);

    /// <summary>The slice's own types of properties and how they are kept.</summary>
    protected abstract void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder);

    protected sealed override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<EventTimeConverter>();
        configurationBuilder.Properties<TimeSpan>().HaveConversion<MillisecondsConverter>();
        ConfigureSliceConventions(configurationBuilder);
    }

    protected sealed override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<TenantRow>(tenant =>
        {
            tenant.ToTable("tenants", Shared).HasKey(t => t.TenantId);
            tenant.Property(t => t.Name).HasMaxLength(200);
            tenant.Property(t => t.State).HasConversion<string>().HasMaxLength(20).HasDefaultValue(TenantState.Active).HasSentinel((TenantState)(-1));
            if (MakesSharedTables)
                tenant.HasData(new TenantRow { TenantId = TenantId.Main.Value, Name = "Main", Created = DateTimeOffset.UnixEpoch });
        });
        modelBuilder.Entity<AuditRow>(audit =>
        {
            audit.ToTable("audit", Shared).HasKey(a => new { a.TenantId, a.Id });
            audit.Property(a => a.Id).ValueGeneratedNever();
            audit.Property(a => a.Result).HasDefaultValue(AuditRow.Done);
            audit.HasIndex(a => new { a.TenantId, a.Kind, a.Subject });
        });
        modelBuilder.Entity<AuditSealRow>(link =>
        {
            link.ToTable("audit_seals", Shared).HasKey(s => new { s.TenantId, s.Number });
            link.Property(s => s.Number).ValueGeneratedNever();
            link.HasIndex(s => new { s.TenantId, s.AuditId }).IsUnique();
        });
        modelBuilder.Entity<AuditMarkRow>(mark =>
        {
            mark.ToTable("audit_marks", Shared).HasKey(m => new { m.TenantId, m.Kind });
            mark.Property(m => m.Kind).HasMaxLength(20);
        });
        modelBuilder.Entity<TenantKeyRow>(key =>
        {
            key.ToTable("tenant_keys", Shared).HasKey(k => new { k.TenantId, k.Id });
            key.Property(k => k.Id).HasMaxLength(16);
            key.Property(k => k.WrappedBy).HasMaxLength(128);
        });
        modelBuilder.Entity<TenantPlacementRow>(placement =>
        {
            placement.ToTable("tenant_placements", Shared).HasKey(p => p.TenantId);
            placement.Property(p => p.Level).HasConversion<string>().HasMaxLength(20);
            placement.Property(p => p.Target).HasConversion<string>().HasMaxLength(20);
            placement.Property(p => p.Done).HasConversion<string>().HasMaxLength(20);
            placement.Property(p => p.Change).HasMaxLength(32);
        });
        ConfigureSlice(modelBuilder);
        foreach (var entity in modelBuilder.Model.GetEntityTypes().Select(e => e.ClrType).ToList())
        {
            if (entity.IsDefined(typeof(WithoutTenantAttribute), inherit: false))
                continue;
            if (!entity.IsAssignableTo(typeof(ITenantRow)))
                throw new InvalidOperationException($"{entity.Name} is in the registry without a tenant: it must be an {nameof(ITenantRow)}, or say why not by {nameof(WithoutTenantAttribute)}.");
            FilterMethod.MakeGenericMethod(entity).Invoke(this, [modelBuilder]);
        }
    }

    private void Shared<TRow>(TableBuilder<TRow> table)
        where TRow : class
    {
        if (!MakesSharedTables)
            table.ExcludeFromMigrations();
    }

    public sealed override int SaveChanges(bool acceptAllChangesOnSuccess) =>
        throw new NotSupportedException("The registry is written asynchronously: use SaveChangesAsync.");

    public sealed override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        var changes = ChangeTracker.Entries()
            .Where(e => e.State is EntityState.Added or EntityState.Modified or EntityState.Deleted)
            .ToList();
        if (changes.Find(e => e.Entity is ITenantRow row && row.TenantId != CurrentTenantId) is { } foreign)
            throw new InvalidOperationException($"A {foreign.Metadata.ShortName()} of another tenant cannot be written here.");
        if (changes.Find(e => e.Entity is IAppendOnlyRow && e.State is not EntityState.Added) is { } written)
            throw new InvalidOperationException($"A {written.Metadata.ShortName()} is never changed after it was written.");
        if (changes.Exists(e => e.Entity is IAuditedRow) && !changes.Exists(IsNewAudit))
            throw new InvalidOperationException("The registry was about to be changed without an audit record.");
        return base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    private static bool IsNewAudit(EntityEntry entry) => entry is { Entity: AuditRow, State: EntityState.Added };

    private static readonly System.Reflection.MethodInfo FilterMethod =
        typeof(StrataDbContext).GetMethod(nameof(FilterByTenant), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!;

    private void FilterByTenant<TRow>(ModelBuilder modelBuilder)
        where TRow : class, ITenantRow
    {
        var entity = modelBuilder.Entity<TRow>();
        entity.Property(r => r.TenantId).HasMaxLength(TenantIdLength);
        entity.HasQueryFilter(r => r.TenantId == CurrentTenantId);
    }
}
