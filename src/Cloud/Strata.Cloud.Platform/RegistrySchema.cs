using System.Globalization;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Strata.Postgres;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Platform;

/// <summary>
/// A slice's tables in PostgreSQL, as its model says: tables come from the migrations of <typeparamref name="TContext"/>, policies and rights from its entities, so that a
/// new entity is under its policy without anybody listing it.
/// </summary>
/// <typeparam name="TContext">The slice's context for PostgreSQL, which its migrations for PostgreSQL name.</typeparam>
public sealed class RegistrySchema<TContext>(string name, string migrationsTable, Func<DbContextOptions<TContext>, TContext> create) : ISchemaPart
    where TContext : StrataDbContext
{
    private SchemaTable[]? tables;

    public string Name => name;

    public IReadOnlyList<SchemaTable> Tables => tables ??= Describe();

    public IReadOnlyList<string> Functions => WrittenOnce.Count == 0 ? [] : [$"{RegistryFunctions.Prefix}{name}()"];

    private List<string> WrittenOnce => [.. Tables.Where(t => t.Rights == SchemaTable.AppendOnly).Select(t => t.Name)];

    public async Task<SchemaVersion> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var context = create(OptionsFor("Host=none"));
        var wanted = context.Database.GetMigrations().Max(StringComparer.Ordinal)!;
        var there = await connection.ListAsync("SELECT to_regclass(format('public.%I', $1)) IS NOT NULL", r => r.GetBoolean(0), cancellationToken, migrationsTable);
        var found = there[0] ? (await connection.ListAsync($"SELECT coalesce(max(migration_id), '') FROM public.\"{migrationsTable}\"", r => r.GetString(0), cancellationToken))[0] : "";
        return new SchemaVersion(name, found, wanted, found.Length == 0 ? SchemaState.Missing : string.CompareOrdinal(found, wanted) switch
        {
            < 0 => SchemaState.Older,
            > 0 => SchemaState.Newer,
            _ => SchemaState.Current,
        });
    }

    public async Task MigrateAsync(DatabaseAddress owner, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var context = create(OptionsFor(owner.With(c => c.Pooling = false)));
        await context.Database.MigrateAsync(cancellationToken);
        if (WrittenOnce.Count > 0)
            await connection.RunAsync(RegistryFunctions.Clear(name, WrittenOnce), cancellationToken);
    }

    private DbContextOptions<TContext> OptionsFor(string connectionString) =>
        new DbContextOptionsBuilder<TContext>()
            .UseNpgsql(connectionString, server => server.MigrationsHistoryTable(migrationsTable).MigrationsAssembly(typeof(TContext).Assembly))
            .UseSnakeCaseNamingConvention(CultureInfo.InvariantCulture)
            .Options;

    private SchemaTable[] Describe()
    {
        using var context = create(OptionsFor("Host=none"));
        return
        [
            .. context.Model.GetEntityTypes().Select(e => Describe(e.GetTableName()!, e.ClrType)),
            new SchemaTable(migrationsTable, "SELECT") { WithoutTenant = $"which migrations of the {name} were applied" },
        ];
    }

    private static SchemaTable Describe(string table, Type entity)
    {
        // That one of the two holds, the model has made sure of.
        var reason = entity.GetCustomAttribute<WithoutTenantAttribute>()?.Reason;
        var rights = entity.IsAssignableTo(typeof(IAppendOnlyRow)) ? SchemaTable.AppendOnly : SchemaTable.AllRights;
        return new SchemaTable(table, rights) { WithoutTenant = reason, ListsTenants = entity == typeof(TenantRow) };
    }
}
