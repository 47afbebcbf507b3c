using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Commands.Bulk;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Running;
using Strata.Cloud.Commands.Schedules;
using Strata.Cloud.Commands.Schemas;
using Strata.Cloud.Commands.Sending;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Commands;

/// <summary>The slice's door: what devices are told to do.</summary>
public static class CommandsModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresCommandsDbContext>("commands", CommandsDbContext.MigrationsTable, options => new PostgresCommandsDbContext(options, TenantId.Main));

    /// <summary>Adds the slice after that of devices.</summary>
    public static IServiceCollection AddCommands(this IServiceCollection services, CommandsOptions? options = null)
    {
        options ??= new CommandsOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.TryAddSingleton<TenantNews>();
        services.AddSingleton(RegistryPart.Of<CommandsDbContext>(CommandsDbContext.MigrationsTable, static (contextOptions, tenant) => new CommandsDbContext(contextOptions, tenant)));
        services.AddSingleton<CommandStore>().AddSingleton<CommandBook>().AddSingleton<SchemaBook>().AddSingleton<CommandNews>().AddSingleton<CommandWriter>().AddSingleton<CommandMouth>().AddSingleton<CommandDesk>();
        services.AddSingleton<CommandEars>();
        services.AddSingleton<ITenantContents, CommandContents>();
        services.AddHostedService<CommandsStartup>();
        services.AddHostedService(s => s.GetRequiredService<CommandNews>());
        services.AddHostedService(s => s.GetRequiredService<CommandWriter>());
        services.AddHostedService(s => s.GetRequiredService<CommandEars>());
        services.AddHostedService<CommandRunner>();
        services.AddSingleton<RunDesk>().AddSingleton<ScheduleClock>();
        services.AddHostedService<RunPacer>();
        services.AddHostedService<ScheduleRunner>();
        return services;
    }

    public static IEndpointRouteBuilder MapCommands(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        CommandRoutes.Map(api);
        SchemaRoutes.Map(api);
        RunRoutes.Map(api);
        ScheduleRoutes.Map(api);
        return routes;
    }
}

/// <summary>Makes the tables ready and loads the schemas, before the node listens.</summary>
internal sealed class CommandsStartup(CommandStore store, SchemaBook schemas, ScheduleClock clock) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.PrepareAsync(cancellationToken);
        foreach (var tenant in await store.TenantsAsync("start of the node: schemas of commands", cancellationToken))
            await LoadAsync(store, schemas, clock, tenant, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal static async Task LoadAsync(CommandStore store, SchemaBook schemas, ScheduleClock clock, TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = store.Create(tenant);
        foreach (var row in await context.ReadAllAsync<CommandSchemaRow>(cancellationToken))
            schemas.Put(tenant, row);
        clock.Changed(tenant);
    }
}

/// <summary>Commands go with their tenant.</summary>
internal sealed class CommandContents(CommandStore store, CommandBook book, CommandEars ears, SchemaBook schemas, ScheduleClock clock) : ITenantContents
{
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        book.Forget(tenant);
        schemas.Forget(tenant);
        clock.Forget(tenant);
        return ValueTask.CompletedTask;
    }

    public async ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await ears.LoadAsync(tenant, cancellationToken);
        await CommandsStartup.LoadAsync(store, schemas, clock, tenant, cancellationToken);
    }
}
