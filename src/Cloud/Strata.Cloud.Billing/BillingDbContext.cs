using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing;

/// <summary>The tables of this slice: plans, statements and service levels.</summary>
internal class BillingDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "billing_migrations";

    public DbSet<PricePlanRow> Plans => Set<PricePlanRow>();

    public DbSet<PlanAssignmentRow> Assignments => Set<PlanAssignmentRow>();

    public DbSet<StatementRow> Statements => Set<StatementRow>();

    public DbSet<CreditNoteRow> CreditNotes => Set<CreditNoteRow>();

    public DbSet<ObjectiveRow> Objectives => Set<ObjectiveRow>();

    public DbSet<MaintenanceRow> Maintenance => Set<MaintenanceRow>();

    public DbSet<ServiceMinuteRow> Minutes => Set<ServiceMinuteRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<PricePlanRow>(plan =>
        {
            plan.ToTable("price_plans").HasKey(p => new { p.Name, p.FromMonth });
            plan.Property(p => p.Name).HasMaxLength(64);
        });
        modelBuilder.Entity<PlanAssignmentRow>(assignment =>
        {
            assignment.ToTable("plan_assignments").HasKey(a => new { a.TenantId, a.FromMonth });
            assignment.Property(a => a.FromMonth).ValueGeneratedNever();
            assignment.Property(a => a.Plan).HasMaxLength(64);
        });
        modelBuilder.Entity<StatementRow>(statement =>
        {
            statement.ToTable("statements").HasKey(s => new { s.TenantId, s.Month });
            statement.Property(s => s.Month).ValueGeneratedNever();
            statement.Property(s => s.Currency).HasMaxLength(3);
        });
        modelBuilder.Entity<CreditNoteRow>(note =>
        {
            note.ToTable("credit_notes").HasKey(n => new { n.TenantId, n.Number });
            note.Property(n => n.Number).ValueGeneratedNever();
            note.Property(n => n.Reason).HasMaxLength(500);
        });
        modelBuilder.Entity<ObjectiveRow>(objective =>
        {
            objective.ToTable("sla_objectives").HasKey(o => new { o.TenantId, o.Kind, o.FromMonth });
            objective.Property(o => o.Kind).HasMaxLength(32);
        });
        modelBuilder.Entity<MaintenanceRow>(maintenance =>
        {
            maintenance.ToTable("sla_maintenance").HasKey(m => new { m.TenantId, m.Id });
            maintenance.Property(m => m.Id).HasMaxLength(16);
            maintenance.Property(m => m.Reason).HasMaxLength(500);
        });
        modelBuilder.Entity<ServiceMinuteRow>(minute =>
        {
            minute.ToTable("sla_minutes").HasKey(m => new { m.TenantId, m.Minute });
            minute.Property(m => m.Minute).ValueGeneratedNever();
        });
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddBilling</c>.</summary>
internal sealed class BillingDbContextFactory : IDesignTimeDbContextFactory<BillingDbContext>
{
    public BillingDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<BillingDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(BillingDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
