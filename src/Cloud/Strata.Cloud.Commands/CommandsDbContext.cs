using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands;

/// <summary>The tables of this slice.</summary>
internal class CommandsDbContext(DbContextOptions options, TenantId tenant) : StrataDbContext(options, tenant)
{
    public const string MigrationsTable = "commands_migrations";

    public DbSet<CommandRow> Commands => Set<CommandRow>();

    public DbSet<CommandContentRow> Contents => Set<CommandContentRow>();

    public DbSet<CommandSchemaRow> Schemas => Set<CommandSchemaRow>();

    public DbSet<CommandRunRow> Runs => Set<CommandRunRow>();

    public DbSet<CommandScheduleRow> Schedules => Set<CommandScheduleRow>();

    protected override void ConfigureSliceConventions(ModelConfigurationBuilder configurationBuilder)
    {
    }

    protected override void ConfigureSlice(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<CommandRow>(command =>
        {
            command.ToTable("commands").HasKey(c => new { c.TenantId, c.Key });
            command.Property(c => c.Key).HasMaxLength(200);
            command.Property(c => c.Device).HasMaxLength(128);
            command.Property(c => c.Request).HasMaxLength(64);
            command.Property(c => c.Name).HasMaxLength(64);
            command.Property(c => c.State).HasMaxLength(16);
            command.Property(c => c.Run).HasMaxLength(64);
            command.Ignore(c => c.AttemptsHere).Ignore(c => c.Terms).Ignore(c => c.At).Ignore(c => c.Progress).Ignore(c => c.Topic).Ignore(c => c.MessageId).Ignore(c => c.PayloadId);
            command.HasIndex(c => new { c.TenantId, c.Created });
            command.HasIndex(c => new { c.TenantId, c.Device, c.Created });
            command.HasIndex(c => new { c.TenantId, c.Ended });
            command.HasIndex(c => new { c.TenantId, c.Run });
        });
        modelBuilder.Entity<CommandContentRow>(content =>
        {
            content.ToTable("command_contents").HasKey(c => new { c.TenantId, c.Id });
            content.Property(c => c.Id).HasMaxLength(210);
        });
        modelBuilder.Entity<CommandSchemaRow>(schema =>
        {
            schema.ToTable("command_schemas").HasKey(s => new { s.TenantId, s.Id });
            schema.Property(s => s.Id).HasMaxLength(200);
        });
        modelBuilder.Entity<CommandRunRow>(run =>
        {
            run.ToTable("command_runs").HasKey(r => new { r.TenantId, r.Id });
            run.Property(r => r.Id).HasMaxLength(64);
            run.HasIndex(r => new { r.TenantId, r.State });
        });
        modelBuilder.Entity<CommandScheduleRow>(schedule =>
        {
            schedule.ToTable("command_schedules").HasKey(s => new { s.TenantId, s.Id });
            schedule.Property(s => s.Id).HasMaxLength(64);
        });
    }
}

/// <summary>For <c>dotnet ef migrations add NAME</c> only; the product opens its registry by <c>AddCommands</c>.</summary>
internal sealed class CommandsDbContextFactory : IDesignTimeDbContextFactory<CommandsDbContext>
{
    public CommandsDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<CommandsDbContext>()
                .UseSqlite("Data Source=:memory:", sqlite => sqlite.MigrationsHistoryTable(CommandsDbContext.MigrationsTable))
                .UseSnakeCaseNamingConvention()
                .Options,
            TenantId.Main);
}
