using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy;

/// <summary>The tables of this slice: tokens, roles, shares and people.</summary>
internal class TenancyDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "tenancy_migrations";

    public DbSet<ApiTokenRow> Tokens => Set<ApiTokenRow>();

    public DbSet<RoleRow> Roles => Set<RoleRow>();

    public DbSet<QuotaRow> Quotas => Set<QuotaRow>();

    public DbSet<QuotaPlanRow> QuotaPlans => Set<QuotaPlanRow>();

    public DbSet<ShareRow> Shares => Set<ShareRow>();

    public DbSet<UserRow> Users => Set<UserRow>();

    public DbSet<MembershipRow> Memberships => Set<MembershipRow>();

    public DbSet<InvitationRow> Invitations => Set<InvitationRow>();

    public DbSet<MailRow> Mails => Set<MailRow>();

    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<SecondFactorRow> SecondFactors => Set<SecondFactorRow>();

    public DbSet<SignInRulesRow> SignInRules => Set<SignInRulesRow>();

    public DbSet<ProviderRow> Providers => Set<ProviderRow>();

    public DbSet<IdentityRow> Identities => Set<IdentityRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ApiTokenRow>(token =>
        {
            token.ToTable("tokens").HasKey(t => new { t.TenantId, t.Prefix });
            token.Property(t => t.Prefix).HasMaxLength(16);
            token.Property(t => t.Name).HasMaxLength(200);
            token.Property(t => t.Share).HasMaxLength(Share.MaxNameLength);
            token.HasIndex(t => t.Prefix).IsUnique();
        });
        modelBuilder.Entity<ShareRow>(share =>
        {
            share.ToTable("shares").HasKey(s => new { s.TenantId, s.Name });
            share.Property(s => s.Name).HasMaxLength(Share.MaxNameLength);
            share.Property(s => s.ToTenant).HasMaxLength(64);
        });
        modelBuilder.Entity<RoleRow>(role =>
        {
            role.ToTable("roles").HasKey(r => new { r.TenantId, r.Name });
            role.Property(r => r.Name).HasMaxLength(Role.MaxNameLength);
        });
        modelBuilder.Entity<QuotaRow>(quota =>
        {
            quota.ToTable("quotas").HasKey(q => q.TenantId);
            quota.Property(q => q.Plan).HasMaxLength(Role.MaxNameLength);
        });
        modelBuilder.Entity<QuotaPlanRow>(plan =>
        {
            plan.ToTable("quota_plans").HasKey(p => new { p.TenantId, p.Name });
            plan.Property(p => p.Name).HasMaxLength(Role.MaxNameLength);
        });
        modelBuilder.Entity<UserRow>(user =>
        {
            user.ToTable("users").HasKey(u => u.Id);
            user.Property(u => u.Id).HasMaxLength(32);
            user.Property(u => u.Email).HasMaxLength(254);
            user.Property(u => u.Name).HasMaxLength(200);
            user.Property(u => u.HomeTenant).HasMaxLength(64).HasDefaultValue("");
            user.HasIndex(u => new { u.HomeTenant, u.Email }).IsUnique();
        });
        modelBuilder.Entity<MembershipRow>(member =>
        {
            member.ToTable("memberships").HasKey(m => new { m.TenantId, m.UserId });
            member.Property(m => m.UserId).HasMaxLength(32);
        });
        modelBuilder.Entity<InvitationRow>(invitation =>
        {
            invitation.ToTable("invitations").HasKey(i => new { i.TenantId, i.Id });
            invitation.Property(i => i.Id).HasMaxLength(16);
        });
        modelBuilder.Entity<MailRow>(mail =>
        {
            mail.ToTable("mails").HasKey(m => new { m.TenantId, m.Id });
            mail.Property(m => m.Id).HasMaxLength(16);
        });
        modelBuilder.Entity<SessionRow>(session =>
        {
            session.ToTable("sessions").HasKey(s => s.Id);
            session.Property(s => s.Id).HasMaxLength(32);
            session.Property(s => s.Agent).HasMaxLength(200);
            session.Property(s => s.OnlyTenant).HasMaxLength(64);
        });
        modelBuilder.Entity<SecondFactorRow>(factor =>
        {
            factor.ToTable("second_factors").HasKey(f => f.UserId);
            factor.Property(f => f.UserId).HasMaxLength(32);
        });
        modelBuilder.Entity<ProviderRow>(provider => provider.ToTable("sign_in_providers").HasKey(p => p.TenantId));
        modelBuilder.Entity<IdentityRow>(identity =>
        {
            identity.ToTable("sign_in_identities").HasKey(i => new { i.TenantId, i.Issuer, i.Subject });
            identity.Property(i => i.Issuer).HasMaxLength(500);
            identity.Property(i => i.Subject).HasMaxLength(255);
            identity.Property(i => i.UserId).HasMaxLength(32);
        });
        modelBuilder.Entity<SignInRulesRow>(rules => rules.ToTable("sign_in_rules").HasKey(r => r.TenantId));
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddTenancy</c>.</summary>
internal sealed class TenancyDbContextFactory : IDesignTimeDbContextFactory<TenancyDbContext>
{
    public TenancyDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<TenancyDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(TenancyDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
