using System.Collections.Immutable;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices;

/// <summary>The tables of this slice: the architecture (sites, gateways, devices, groups), saved views, join tokens, observations and rejections; and those that all share.</summary>
internal class DevicesDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "devices_migrations";

    /// <summary>Longest id of a device, gateway or group, as the columns.</summary>
    private const int IdLength = DeviceId.MaxLength;

    private const int PathLength = Core.Architecture.SiteId.MaxLength;

    public DbSet<SiteRow> Sites => Set<SiteRow>();

    public DbSet<GatewayRow> Gateways => Set<GatewayRow>();

    public DbSet<DeviceRow> Devices => Set<DeviceRow>();

    public DbSet<TransitionRow> Transitions => Set<TransitionRow>();

    public DbSet<BulkOperationRow> BulkOperations => Set<BulkOperationRow>();

    public DbSet<BulkItemRow> BulkItems => Set<BulkItemRow>();

    public DbSet<DecommissionRow> Decommissions => Set<DecommissionRow>();

    public DbSet<TransferRow> Transfers => Set<TransferRow>();

    public DbSet<DecommissionPolicyRow> DecommissionPolicies => Set<DecommissionPolicyRow>();

    public DbSet<LifecycleHookRow> LifecycleHooks => Set<LifecycleHookRow>();

    public DbSet<GroupRow> Groups => Set<GroupRow>();

    public DbSet<ViewRow> Views => Set<ViewRow>();

    public DbSet<PresenceRow> Presence => Set<PresenceRow>();

    public DbSet<GatewayPresenceRow> GatewayPresence => Set<GatewayPresenceRow>();

    public DbSet<JoinTokenRow> JoinTokens => Set<JoinTokenRow>();

    public DbSet<DownwardRow> Downward => Set<DownwardRow>();

    public DbSet<RejectionRow> Rejections => Set<RejectionRow>();

    protected override bool MakesSharedTables => true;

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<ImmutableSortedDictionary<string, string>>()
            .HaveConversion<Values.PoliciesConverter, Values.ByReference<ImmutableSortedDictionary<string, string>>>();
        configurationBuilder.Properties<ImmutableSortedDictionary<string, double>>()
            .HaveConversion<Values.DeadbandConverter, Values.ByReference<ImmutableSortedDictionary<string, double>>>();
        configurationBuilder.Properties<ImmutableArray<string>>().HaveConversion<Values.NamesConverter, Values.ByReference<ImmutableArray<string>>>();
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<SiteRow>(site =>
        {
            site.ToTable("sites").HasKey(s => new { s.TenantId, s.Path });
            site.Property(s => s.Path).HasMaxLength(PathLength);
            site.Property(s => s.Parent).HasMaxLength(PathLength);
            site.HasOne<SiteRow>().WithMany().HasForeignKey(s => new { s.TenantId, s.Parent }).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<GatewayRow>(gateway =>
        {
            gateway.ToTable("gateways").HasKey(g => new { g.TenantId, g.Id });
            gateway.Property(g => g.Id).HasMaxLength(IdLength);
            gateway.HasOne<SiteRow>().WithMany().HasForeignKey(g => new { g.TenantId, g.Site }).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<DeviceRow>(device =>
        {
            device.ToTable("devices").HasKey(d => new { d.TenantId, d.Id });
            device.Property(d => d.Id).HasMaxLength(IdLength);
            device.Property(d => d.Heartbeat).HasColumnName("heartbeat_ms");
            device.Property(d => d.State).HasConversion<string>().HasMaxLength(20);
            device.HasOne<SiteRow>().WithMany().HasForeignKey(d => new { d.TenantId, d.Site }).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<TransitionRow>(transition =>
        {
            transition.ToTable("device_transitions").HasKey(t => new { t.TenantId, t.Device, t.Number });
            transition.Property(t => t.Device).HasMaxLength(IdLength);
            transition.Property(t => t.Number).ValueGeneratedNever();
            transition.Property(t => t.From).HasColumnName("from_state").HasConversion<string>().HasMaxLength(20);
            transition.Property(t => t.To).HasColumnName("to_state").HasConversion<string>().HasMaxLength(20);
            transition.HasOne<DeviceRow>().WithMany().HasForeignKey(t => new { t.TenantId, t.Device }).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<BulkOperationRow>(operation =>
        {
            operation.ToTable("bulk_operations").HasKey(o => new { o.TenantId, o.Id });
            operation.Property(o => o.Id).HasMaxLength(IdLength);
            operation.Property(o => o.State).HasMaxLength(20);
        });
        modelBuilder.Entity<BulkItemRow>(item =>
        {
            item.ToTable("bulk_items").HasKey(i => new { i.TenantId, i.Operation, i.Device });
            item.Property(i => i.Operation).HasMaxLength(IdLength);
            item.Property(i => i.Device).HasMaxLength(IdLength);
            item.HasOne<BulkOperationRow>().WithMany().HasForeignKey(i => new { i.TenantId, i.Operation }).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<DecommissionRow>(decommission =>
        {
            decommission.ToTable("decommissions").HasKey(d => new { d.TenantId, d.Id });
            decommission.Property(d => d.Id).HasMaxLength(IdLength);
            decommission.Property(d => d.Device).HasMaxLength(IdLength);
            decommission.Property(d => d.State).HasMaxLength(20);
            decommission.Property(d => d.WipeWithin).HasColumnName("wipe_within_ms");
            decommission.HasIndex(d => new { d.TenantId, d.Device });
        });
        modelBuilder.Entity<TransferRow>(transfer =>
        {
            transfer.ToTable("transfers").HasKey(t => new { t.TenantId, t.Id });
            transfer.Property(t => t.Id).HasMaxLength(IdLength);
            transfer.Property(t => t.Device).HasMaxLength(IdLength);
            transfer.Property(t => t.NewId).HasMaxLength(IdLength);
            transfer.Property(t => t.State).HasMaxLength(20);
            transfer.Property(t => t.Readings).HasMaxLength(20);
        });
        modelBuilder.Entity<DecommissionPolicyRow>(policy =>
        {
            policy.ToTable("decommission_policies").HasKey(p => p.TenantId);
            policy.Property(p => p.Readings).HasMaxLength(20);
        });
        modelBuilder.Entity<LifecycleHookRow>(hook =>
        {
            hook.ToTable("lifecycle_hooks").HasKey(h => new { h.TenantId, h.Name });
            hook.Property(h => h.Name).HasMaxLength(IdLength);
        });
        modelBuilder.Entity<GroupRow>(group =>
        {
            group.ToTable("groups").HasKey(g => new { g.TenantId, g.Id });
            group.Property(g => g.Id).HasMaxLength(IdLength);
            group.Property(g => g.Window).HasColumnName("window_ms");
        });
        modelBuilder.Entity<ViewRow>(view =>
        {
            view.ToTable("views").HasKey(v => new { v.TenantId, v.Name });
            view.Property(v => v.Name).HasMaxLength(View.MaxNameLength);
            view.Property(v => v.Title).HasMaxLength(View.MaxTitleLength);
            view.Property(v => v.Last).HasColumnName("last_ms");
        });
        modelBuilder.Entity<PresenceRow>(presence =>
        {
            presence.ToTable("device_presence").HasKey(p => new { p.TenantId, p.Device });
            presence.HasOne<DeviceRow>().WithMany().HasForeignKey(p => new { p.TenantId, p.Device }).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<GatewayPresenceRow>(presence =>
        {
            presence.ToTable("gateway_presence").HasKey(p => new { p.TenantId, p.Gateway });
            presence.HasOne<GatewayRow>().WithMany().HasForeignKey(p => new { p.TenantId, p.Gateway }).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<JoinTokenRow>(token => token.ToTable("join_tokens").HasKey(t => new { t.TenantId, t.TokenHash }));
        modelBuilder.Entity<DownwardRow>(message =>
        {
            message.ToTable("downward_messages").HasKey(m => new { m.TenantId, m.Id });
            message.Property(m => m.Id).HasMaxLength(IdLength);
            message.Property(m => m.Gateway).HasMaxLength(IdLength);
            message.Property(m => m.Device).HasMaxLength(IdLength);
        });
        modelBuilder.Entity<RejectionRow>(rejection =>
        {
            rejection.ToTable("rejections").HasKey(r => new { r.TenantId, r.Key });
            rejection.Property(r => r.Kind).HasConversion<string>().HasMaxLength(20);
            rejection.HasIndex(r => new { r.TenantId, r.Last });
        });
    }
}
