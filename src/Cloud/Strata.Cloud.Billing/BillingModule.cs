using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Billing.Plans;
using Strata.Cloud.Billing.Sla;
using Strata.Cloud.Billing.Statements;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;
using Strata.Postgres.Schema;
using Strata.Telemetry;

namespace Strata.Cloud.Billing;

/// <summary>The slice's door: price plans, statements, service levels.</summary>
public static class BillingModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresBillingDbContext>("billing", BillingDbContext.MigrationsTable, options => new PostgresBillingDbContext(options, TenantId.Main));

    /// <summary>Adds the slice after those of devices and tenants. Needs the telemetry store, whose meter it reads, and a <see cref="ProbeAddress"/>.</summary>
    public static IServiceCollection AddBilling(this IServiceCollection services, BillingOptions? options = null)
    {
        options ??= new BillingOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(options);
        services.AddSingleton(RegistryPart.Of<BillingDbContext>(BillingDbContext.MigrationsTable, static (contextOptions, tenant) => new BillingDbContext(contextOptions, tenant)));
        services.AddSingleton<BillingStore>();
        services.AddSingleton<ITenantContents, BillingContents>();
        services.TryAddSingleton<UsageReader>(s => s.GetRequiredService<ITelemetryStore>().UsageAsync);
        services.AddSingleton<MeasuredTenants>().AddSingleton<ServiceProbe>().AddSingleton<ServiceRecorder>();
        services.AddSingleton<SlaReports>().AddSingleton<StatementMaker>().AddSingleton<StatementCloser>().AddSingleton<StatementVerifier>().AddSingleton<ClosingRunner>();
        services.AddHostedService<BillingStartup>();
        services.AddHostedService(s => s.GetRequiredService<ClosingRunner>());
        services.AddHostedService(s => s.GetRequiredService<ServiceRecorder>());
        return services;
    }

    public static IEndpointRouteBuilder MapBilling(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        MapPlans(api);
        MapStatements(api);
        MapSla(api);
        return routes;
    }

    private static void MapPlans(IEndpointRouteBuilder api)
    {
        api.MapGet("/billing/plans", ListPlans.HandleAsync).OfPlatform().AcceptsOnly().WithName("ListPricePlans").WithTags("Billing")
            .WithSummary("Price plans, all versions").Produces<Page<PricePlanInfo>>();
        api.MapPut("/billing/plans/{name}", SetPlan.HandleAsync).OfPlatform().AcceptsOnly().WithName("SetPricePlan").WithTags("Billing")
            .WithSummary("A price plan, or its prices from a later month on").Accepts<SetPricePlan>("application/json").Produces<PricePlanInfo>().ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/billing/assignments", ListAssignments.HandleAsync).OfTenant().AcceptsOnly().WithName("ListPlanAssignments").WithTags("Billing")
            .WithSummary("Which plans the tenant has had").Produces<Page<PlanAssignmentInfo>>();
        api.MapPost("/billing/assignments", GivePlan.HandleAsync).OfPlatform().AcceptsOnly().WithName("AssignPlan").WithTags("Billing")
            .WithSummary("Gives the tenant a plan from a month on").Accepts<AssignPlan>("application/json").Produces<PlanAssignmentInfo>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static void MapStatements(IEndpointRouteBuilder api)
    {
        api.MapGet("/billing/statements", ListStatements.HandleAsync).OfTenant().AcceptsOnly().WithName("ListStatements").WithTags("Billing")
            .WithSummary("The tenant's months, the newest first").Produces<Page<StatementSummary>>();
        api.MapGet("/billing/statements/{month}", GetStatement.HandleAsync).OfTenant().AcceptsOnly("hours", "format").WithName("GetStatement").WithTags("Billing")
            .WithSummary("A month in money, itemised to the hour: JSON, CSV or a page to print").Produces<StatementInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/billing/statements/{month}/close", CloseStatement.HandleAsync).OfPlatform().AcceptsOnly().WithName("CloseStatement").WithTags("Billing")
            .WithSummary("Closes a month that is over").Produces<StatementInfo>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/billing/statements/{month}/verification", VerifyStatement.HandleAsync).OfTenant().AcceptsOnly().WithName("VerifyStatement").WithTags("Billing")
            .WithSummary("Whether a closed statement is what it was and follows from the meter").Produces<StatementVerification>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/billing/statements/{month}/credit-notes", IssueCreditNote.HandleAsync).OfPlatform().AcceptsOnly().WithName("IssueCreditNote").WithTags("Billing")
            .WithSummary("Gives back a part of a closed month").Accepts<CreateCreditNote>("application/json").Produces<CreditNoteInfo>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static void MapSla(IEndpointRouteBuilder api)
    {
        api.MapGet("/sla/objectives", ListObjectives.HandleAsync).OfTenant().AcceptsOnly().WithName("ListObjectives").WithTags("Service levels")
            .WithSummary("What is promised to the tenant").Produces<Page<ObjectiveInfo>>();
        api.MapPut("/sla/objectives/{kind}", PromiseObjective.HandleAsync).OfPlatform().AcceptsOnly().WithName("SetObjective").WithTags("Service levels")
            .WithSummary("Promises something").Accepts<SetObjective>("application/json").Produces<ObjectiveInfo>().ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
        api.MapDelete("/sla/objectives/{kind}", EndObjective.HandleAsync).OfPlatform().AcceptsOnly().WithName("RemoveObjective").WithTags("Service levels")
            .WithSummary("Ends a promise with the current month").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/sla/reports/{month}", GetReport.HandleAsync).OfTenant().AcceptsOnly("format").WithName("GetSlaReport").WithTags("Service levels")
            .WithSummary("How the promises fared in a month: JSON, CSV or a page to print").Produces<SlaReportInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/sla/maintenance", ListMaintenance.HandleAsync).OfTenant().AcceptsOnly().WithName("ListMaintenance").WithTags("Service levels")
            .WithSummary("Announced maintenance").Produces<Page<MaintenanceInfo>>();
        api.MapPost("/sla/maintenance", Announce.HandleAsync).OfPlatform().AcceptsOnly().WithName("AnnounceMaintenance").WithTags("Service levels")
            .WithSummary("Announces maintenance, in which nothing is promised").Accepts<AnnounceMaintenance>("application/json").Produces<MaintenanceInfo>(StatusCodes.Status201Created);
        api.MapDelete("/sla/maintenance/{id}", CancelMaintenance.HandleAsync).OfPlatform().AcceptsOnly().WithName("CancelMaintenance").WithTags("Service levels")
            .WithSummary("Takes back maintenance that has not begun").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    /// <summary>For who runs the installation: prices and promises are its.</summary>
    private static RouteHandlerBuilder OfPlatform(this RouteHandlerBuilder endpoint) => endpoint.Requires(Permission.PlatformManage);

    /// <summary>For who sees the whole tenant's usage; a scope of places sees nothing of it.</summary>
    private static RouteHandlerBuilder OfTenant(this RouteHandlerBuilder endpoint) => endpoint.Requires(Permission.UsageRead).AddEndpointFilter(static async (invocation, next) =>
        invocation.HttpContext.Access().IsWhole(Permission.UsageRead) ? await next(invocation) : ProblemResults.Of(Access.Forbidden));
}

/// <summary>Makes the tables ready before the node listens.</summary>
internal sealed class BillingStartup(BillingStore store, MeasuredTenants measured) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.PrepareAsync(cancellationToken);
        await measured.LoadAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
