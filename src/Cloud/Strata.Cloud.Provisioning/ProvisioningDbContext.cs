using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Platform;
using Strata.Cloud.Provisioning.Rows;
using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Provisioning;

/// <summary>The tables of this slice: templates, enrolment groups, endorsement keys, who enrolled, who waits for approval.</summary>
internal class ProvisioningDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "provisioning_migrations";

    /// <summary>Longest key of an enrolment, as the column.</summary>
    public const int KeyLength = 300;

    public DbSet<TemplateRow> Templates => Set<TemplateRow>();

    public DbSet<EnrolmentGroupRow> EnrolmentGroups => Set<EnrolmentGroupRow>();

    public DbSet<EndorsementKeyRow> EndorsementKeys => Set<EndorsementKeyRow>();

    public DbSet<EnrolmentRow> Enrolments => Set<EnrolmentRow>();

    public DbSet<ApprovalRow> Approvals => Set<ApprovalRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<TemplateRow>(template =>
        {
            template.ToTable("templates").HasKey(t => new { t.TenantId, t.Name });
            template.Property(t => t.Name).HasMaxLength(DeviceTemplate.MaxNameLength);
        });
        modelBuilder.Entity<EnrolmentGroupRow>(group =>
        {
            group.ToTable("enrolment_groups").HasKey(g => new { g.TenantId, g.Name });
            group.Property(g => g.Name).HasMaxLength(DeviceTemplate.MaxNameLength);
            group.Property(g => g.Method).HasMaxLength(16);
            group.Property(g => g.WrappedBy).HasMaxLength(128);
        });
        modelBuilder.Entity<EndorsementKeyRow>(key =>
        {
            key.ToTable("endorsement_keys").HasKey(k => new { k.TenantId, k.KeyHash });
            key.Property(k => k.KeyHash).HasMaxLength(64);
            key.Property(k => k.Group).HasMaxLength(DeviceTemplate.MaxNameLength);
            key.Property(k => k.Registration).HasMaxLength(DeviceId.MaxLength);
            key.HasIndex(k => new { k.TenantId, k.Group, k.Registration }).IsUnique();
        });
        modelBuilder.Entity<EnrolmentRow>(enrolment =>
        {
            enrolment.ToTable("enrolments").HasKey(e => new { e.TenantId, e.Key });
            enrolment.Property(e => e.Key).HasMaxLength(KeyLength);
            enrolment.Property(e => e.Device).HasMaxLength(DeviceId.MaxLength);
            enrolment.Property(e => e.Template).HasMaxLength(DeviceTemplate.MaxNameLength);
            enrolment.HasIndex(e => new { e.TenantId, e.Device });
        });
        modelBuilder.Entity<ApprovalRow>(approval =>
        {
            approval.ToTable("approvals").HasKey(a => new { a.TenantId, a.Key });
            approval.Property(a => a.Key).HasMaxLength(KeyLength);
            approval.Property(a => a.Id).HasMaxLength(16).IsRequired();
            approval.Property(a => a.Template).HasMaxLength(DeviceTemplate.MaxNameLength);
            approval.Property(a => a.Device).HasMaxLength(DeviceId.MaxLength);
            approval.Property(a => a.State).HasMaxLength(16);
            approval.HasIndex(a => new { a.TenantId, a.Id }).IsUnique();
        });
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddProvisioning</c>.</summary>
internal sealed class ProvisioningDbContextFactory : IDesignTimeDbContextFactory<ProvisioningDbContext>
{
    public ProvisioningDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<ProvisioningDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(ProvisioningDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
