using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Access;

/// <summary>Which tables hold rows of no tenant: this list, the models of all contexts and the database's catalogue say the same.</summary>
public sealed class TablesTests(PostgresServer server)
{
    /// <summary>A table that joins this list is seen by every tenant's requests: say why at its row or schema, and who may read what of it.</summary>
    private static readonly string[] WithoutTenant =
    [
        "artifacts_migrations", "billing_migrations", "commands_migrations", "devices_migrations", "health_migrations", "identity_migrations", "installer_migrations", "price_plans", "provisioning_migrations", "second_factors", "sessions", "shadows_migrations", "strata_platform_reads", "telemetry_schema", "telemetry_writer", "tenancy_migrations", "updates_migrations", "users",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void The_schema_names_the_tables_without_a_tenant_with_their_reasons()
    {
        var named = CloudDatabase.Schema.Parts.SelectMany(p => p.Tables).Where(t => t.WithoutTenant is not null).ToList();
        Assert.Equal(WithoutTenant, named.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.All(named, t => Assert.True(t.WithoutTenant!.Length > 20, $"{t.Name} says '{t.WithoutTenant}'."));
    }

    [Fact]
    public void Every_context_s_entities_have_a_tenant_or_stand_in_the_list_and_all_are_of_the_schema()
    {
        var contexts = Contexts().ToList();
        Assert.True(contexts.Count >= 5, $"Only {contexts.Count} contexts were found.");
        var known = CloudDatabase.Schema.Parts.SelectMany(p => p.Tables).Select(t => t.Name).ToHashSet();
        foreach (var type in contexts)
        {
            using var context = Create(type);
            foreach (var entity in context.Model.GetEntityTypes())
            {
                var table = entity.GetTableName()!;
                Assert.True(known.Contains(table), $"{type.Name} has the table {table}, which no part of CloudDatabase.Schema makes and secures.");
                Assert.Equal(WithoutTenant.Contains(table), entity.FindProperty(nameof(ITenantRow.TenantId)) is null);
                Assert.Equal(WithoutTenant.Contains(table), !entity.ClrType.IsAssignableTo(typeof(ITenantRow)));
                if (WithoutTenant.Contains(table))
                    continue;
                Assert.Equal("TenantId", entity.FindPrimaryKey()!.Properties[0].Name);
                Assert.NotEmpty(entity.GetDeclaredQueryFilters());
            }
        }
    }

    [Fact]
    public void Every_context_s_model_is_what_its_migrations_make()
    {
        var factories = Types().Where(t => t.GetInterfaces().Any(static i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IDesignTimeDbContextFactory<>))).ToList();
        Assert.Equal(Types().Select(t => t.GetCustomAttribute<DbContextAttribute>()?.ContextType).OfType<Type>().Distinct().Count(), factories.Count);
        foreach (var factory in factories)
        {
            using var context = (DbContext)factory.GetMethod("CreateDbContext")!.Invoke(Activator.CreateInstance(factory), [Array.Empty<string>()])!;
            Assert.False(context.Database.HasPendingModelChanges(), $"The model of {context.GetType().Name} differs from its migrations: add one with 'dotnet ef migrations add NAME', for PostgreSQL with '--output-dir Migrations/Postgres'.");
        }
    }

    [Fact]
    public async Task The_catalogue_has_no_other_table_without_a_tenant()
    {
        await using var database = await server.CreateAsync();
        await CloudDatabase.Schema.MigrateAsync(DatabaseAddress.Parse(database.Owner), null, Cancel);
        await using var admin = await TestDatabase.OpenAsync(database.Admin);
        var without = await admin.ListAsync(
            """
            SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
                AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped AND a.attnotnull)
            """, r => r.GetString(0), Cancel);
        Assert.Equal(WithoutTenant, without.Order(StringComparer.Ordinal));
    }

    /// <summary>Of every assembly of ours that this program is made of.</summary>
    private static IEnumerable<Type> Types() => Directory.EnumerateFiles(AppContext.BaseDirectory, "Strata.*.dll")
        .Select(f => Assembly.Load(Path.GetFileNameWithoutExtension(f)))
        .SelectMany(a => a.GetTypes());

    private static IEnumerable<Type> Contexts() => Types().Where(t => t.IsSubclassOf(typeof(StrataDbContext)) && !t.IsAbstract);

    private static StrataDbContext Create(Type type)
    {
        var builder = (DbContextOptionsBuilder)Activator.CreateInstance(typeof(DbContextOptionsBuilder<>).MakeGenericType(type))!;
        var options = builder.UseNpgsql("Host=none").UseSnakeCaseNamingConvention().Options;
        return (StrataDbContext)Activator.CreateInstance(type, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance, null, [options, TenantId.Main], null)!;
    }
}
