using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Archive;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Tenancy.Audit;
using Strata.Cloud.Tenancy.Isolation;
using Strata.Cloud.Tenancy.Mail;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Providers;
using Strata.Cloud.Tenancy.Quotas;
using Strata.Cloud.Tenancy.Roles;
using Strata.Cloud.Tenancy.Shares;
using Strata.Cloud.Tenancy.Tenants;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Metering;
using Strata.Node.Operations;
using Strata.Node.Reads;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Tenancy;

/// <summary>The slice's door: tenants, their people, the tokens of their programs, their roles and audit trails.</summary>
public static class TenancyModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresTenancyDbContext>("tenancy", TenancyDbContext.MigrationsTable, options => new PostgresTenancyDbContext(options, TenantId.Main));

    /// <summary>
    /// Adds the slice after the one that opens the registry and makes its shared tables, and before whatever listens. Needs an <see cref="AdminToken"/>; provides the
    /// <see cref="ITokenStore"/> and fills the <see cref="TenantDirectory"/>.
    /// </summary>
    public static IServiceCollection AddTenancy(this IServiceCollection services, TenancyOptions? options = null, PeopleOptions? people = null, SmtpOptions? smtp = null)
    {
        options ??= new TenancyOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<TenantDirectory>();
        services.TryAddSingleton<ShareDirectory>();
        services.AddSingleton(options);
        services.AddSingleton<TenancyStore>();
        services.AddSingleton(RegistryPart.Of<TenancyDbContext>(TenancyDbContext.MigrationsTable, static (contextOptions, tenant) => new TenancyDbContext(contextOptions, tenant)));
        services.AddSingleton<IsolationRunner>();
        services.AddSingleton<ShredTenant>().AddSingleton<ImportTenant>();
        services.AddSingleton<ITenantContents, PeopleContents>();
        services.AddSingleton(s => s.GetRequiredService<SealedBox>() is var box
            ? new ArchiveField("sign_in_providers", "client_secret", kept => box.Open(ProviderAnswer.SecretPurpose, kept), plain => box.Seal(ProviderAnswer.SecretPurpose, plain))
            : throw new InvalidOperationException());
        services.AddSingleton<TokenDirectory>();
        services.TryAddSingleton<Meter>();
        services.AddSingleton<QuotaBook>();
        var peopleOptions = people ?? new PeopleOptions();
        peopleOptions.Validate();
        services.AddSingleton(peopleOptions).AddSingleton<PeopleStore>().AddSingleton<PeopleDirectory>().AddSingleton<Passwords>().AddSingleton<SignInGuard>().AddSingleton<SignInAttempts>().AddSingleton<SealedBox>().AddSingleton<SecondFactors>()
            .AddSingleton<ProviderHttp>().AddSingleton<ProviderAnswer>().AddSingleton<ProviderAccounts>().AddSingleton<ProviderLinks>().AddSingleton<ProviderSignIn>().AddSingleton<Accounts>();
        services.AddSingleton(s => new Outbox(s.GetRequiredService<SealedBox>(), smtp)).AddSingleton<InvitationMaker>();
        if (smtp is not null)
        {
            smtp.Validate();
            services.AddSingleton(smtp).AddSingleton<MailMetrics>().AddSingleton<MailRunner>().AddSingleton<INodeCheck>(s => s.GetRequiredService<MailRunner>()).AddHostedService(s => s.GetRequiredService<MailRunner>())
                .AddSingleton<DigestRunner>().AddHostedService(s => s.GetRequiredService<DigestRunner>());
        }
        services.AddSingleton<SignIn>().AddSingleton<ISignIn>(s => s.GetRequiredService<SignIn>());
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "strata-form";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        services.AddSingleton<ITokenStore>(s => s.GetRequiredService<TokenDirectory>());
        services.AddHostedService<TenancyStartup>();
        services.AddHostedService<TokenClerk>();
        services.AddHostedService(s => s.GetRequiredService<IsolationRunner>());
        services.AddHostedService<SessionClerk>();
        return services;
    }

    public static IEndpointRouteBuilder MapTenancy(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden);
        MapTenants(api);
        api.MapQuotas();
        IsolationRoutes.Map(api);
        ArchiveRoutes.Map(api);
        routes.MapPeople(api);
        api.MapShares();
        api.MapGet("/tokens", ListTokens.Handle).Requires(Permission.TokensManage).AcceptsOnly("search", "cursor", "limit").WithName("ListTokens").WithTags("Access")
            .WithSummary("API tokens, without their secrets").Produces<Page<TokenInfo>>();
        api.MapPost("/tokens", IssueToken.HandleAsync).Requires(Permission.TokensManage).AcceptsOnly().WithName("CreateToken").WithTags("Access")
            .WithSummary("A new API token, shown once").Accepts<CreateToken>("application/json").Produces<CreatedToken>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/tokens/{id}", RevokeToken.HandleAsync).Requires(Permission.TokensManage).AcceptsOnly().WithName("RevokeToken").WithTags("Access")
            .WithSummary("Ends a token at once, with what was opened with it").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/roles", ListRoles.Handle).Requires(Permission.TokensManage).AcceptsOnly().WithName("ListRoles").WithTags("Access")
            .WithSummary("Roles: built in, and the tenant's own").Produces<Page<RoleInfo>>();
        api.MapPost("/roles", MakeRole.HandleAsync).Requires(Permission.RolesManage).AcceptsOnly().WithName("CreateRole").WithTags("Access")
            .WithSummary("A role made of permissions").Accepts<CreateRole>("application/json").Produces<RoleInfo>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status409Conflict);
        api.MapDelete("/roles/{name}", DeleteRole.HandleAsync).Requires(Permission.RolesManage).AcceptsOnly().WithName("DeleteRole").WithTags("Access")
            .WithSummary("Removes a role that nobody has").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/audit", ListAudit.HandleAsync).Requires(Permission.AuditRead).AcceptsOnly("kind", "id", "actor", "action", "from", "to", "cursor", "limit").WithName("ListAudit").WithTags("Audit")
            .WithSummary("Who changed what, newest first").Produces<Page<AuditRecord>>();
        api.MapGet("/audit/verification", VerifyAudit.HandleAsync).Requires(Permission.AuditRead).AcceptsOnly().WithName("VerifyAudit").WithTags("Audit")
            .WithSummary("Whether the audit trail is as it was sealed").Produces<AuditVerification>();
        api.MapGet("/audit/export", ExportAudit.Handle).Requires(Permission.AuditRead).AcceptsOnly().WithName("ExportAudit").WithTags("Audit")
            .WithSummary("The audit trail as lines of JSON, oldest first").Produces<string>(StatusCodes.Status200OK, "application/x-ndjson");
        return routes;
    }

    private static void MapTenants(IEndpointRouteBuilder api)
    {
        api.MapGet("/tenants", ListTenants.Handle).Requires(Permission.PlatformManage).AcceptsOnly("cursor", "limit").WithName("ListTenants").WithTags("Tenants")
            .WithSummary("Tenants of the installation").Produces<Page<TenantInfo>>();
        api.MapGet("/tenants/{id}", ListTenants.HandleOne).Requires(Permission.PlatformManage).AcceptsOnly().WithName("GetTenant").WithTags("Tenants")
            .WithSummary("One tenant").Produces<TenantInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/tenants", AddTenant.HandleAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("CreateTenant").WithTags("Tenants")
            .WithSummary("A new tenant, with a link for its administrator").Accepts<CreateTenant>("application/json").Produces<CreatedTenant>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPatch("/tenants/{id}", ChangeTenantState.HandleAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("ChangeTenant").WithTags("Tenants")
            .WithSummary("Renames, disables or enables a tenant").Accepts<ChangeTenant>("application/json").Produces<TenantInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/tenants/{id}", DeleteTenant.HandleAsync).Requires(Permission.PlatformManage).AcceptsOnly("shred", "purge").WithName("DeleteTenant").WithTags("Tenants")
            .WithSummary("Deletes a tenant that has nothing any more, or shreds one with a key of its own with all it has").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }
}

/// <summary>Loads tenants, tokens, roles and people before the node listens, and keeps the node's directories of tenants and shares in step.</summary>
internal sealed class TenancyStartup : IHostedService
{
    private readonly TenancyStore store;
    private readonly PeopleStore people;
    private readonly TenantDirectory tenants;
    private readonly ShareDirectory shares;

    /// <param name="tokens">Made now, so that it follows the store from the first load on.</param>
    /// <param name="quotas">The same.</param>
    public TenancyStartup(
        TenancyStore store, PeopleStore people, Passwords passwords, TenantDirectory tenants, ShareDirectory shares, TokenDirectory tokens, QuotaBook quotas)
    {
        _ = tokens;
        _ = quotas;
        _ = passwords; // Reads its list of leaked passwords, or says why it cannot.
        (this.store, this.people, this.tenants, this.shares) = (store, people, tenants, shares);
        store.Changed += Follow;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.LoadAsync(cancellationToken);
        await people.LoadAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Follow(TenantId tenant, TenancyImage? before, TenancyImage after)
    {
        if (after.Tenant.State == TenantState.Deleted)
            tenants.Remove(tenant);
        else
            tenants.Set(tenant, after.IsActive);
        foreach (var gone in before?.Shares.Keys.Except(after.Shares.Keys) ?? [])
            shares.Remove(tenant, gone);
        foreach (var row in after.Shares.Values.Where(s => before?.Shares.ContainsKey(s.Name) != true))
            shares.Set(tenant, ShareContent.ToShare(row), ShareContent.ToQuota(row));
    }
}
