using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Archive;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Tenants;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;
using Strata.Telemetry;

namespace Strata.Cloud.Tenancy.Isolation;

/// <summary>A whole tenant as an archive, out and in; for the platform's owner. What leaves is sealed with the key that the request gives.</summary>
internal static class ArchiveRoutes
{
    private const int MaxSecret = 4_096;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/tenants/{id}/export", ExportTenant.HandleAsync).Requires(Permission.PlatformManage).AcceptsOnly("final").WithName("ExportTenant").WithTags("Tenants")
            .WithSummary("A whole tenant as a sealed archive, while it is served").Produces<byte[]>(StatusCodes.Status200OK, StrataClient.ArchiveType).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPost("/tenants/import", ImportTenant.HandleAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("ImportTenant").WithTags("Tenants")
            .WithSummary("Brings in a tenant out of an archive (the body, application/vnd.strata.tenant), whole or not at all").Produces<ImportedTenant>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    /// <summary>The key that a request gives.</summary>
    internal static Outcome<byte[]> Secret(HttpContext context)
    {
        var given = context.Request.Headers[StrataClient.ArchiveKeyHeader].ToString();
        var secret = new byte[MaxSecret];
        return given.Length <= MaxSecret && Convert.TryFromBase64String(given, secret, out var length) && length >= SealedArchive.ShortestSecret
            ? secret[..length]
            : new Problem(ProblemKind.Invalid, $"The header {StrataClient.ArchiveKeyHeader} holds the archive's key, base64: {SealedArchive.ShortestSecret} to {MaxSecret / 4 * 3} bytes.", "key");
    }
}

/// <summary><c>POST /api/v1/tenants/{id}/export</c>.</summary>
internal static partial class ExportTenant
{
    public static async Task HandleAsync(
        string id, bool? final, HttpContext context, TenancyStore store, PeopleStore people, TenantPlacements placements, TenantExport export, ILogger<TenantExport> logger, CancellationToken cancellationToken)
    {
        if (Refuse(id, store, placements) is { } refused)
        {
            await ProblemResults.Of(refused).ExecuteAsync(context);
            return;
        }
        var (tenant, secret) = (TenantId.Parse(id), ArchiveRoutes.Secret(context));
        if (!secret.IsOk)
        {
            await ProblemResults.Of(secret.Problem).ExecuteAsync(context);
            return;
        }
        var noted = await store.ChangeAsync(Caller.Of(context) with { Tenant = tenant }, (image, _) => Decide(image, id, final == true), cancellationToken);
        if (!noted.IsOk)
        {
            await ProblemResults.Of(noted.Problem).ExecuteAsync(context);
            return;
        }
        try
        {
            context.Response.ContentType = StrataClient.ArchiveType;
            await export.WriteAsync(tenant, noted.Value.Name, final == true, People(people, tenant), secret.Value, context.Response.Body, cancellationToken);
        }
        catch (Exception failure) when (failure is ArchiveException or TelemetryStoreException)
        {
            LogBroken(logger, id, failure);
            if (context.Response.HasStarted)
                context.Abort(); // What was sent is cut off, and is refused as an archive.
            else
                await ProblemResults.Of(failure is ArchiveException ? ProblemKind.Conflict : ProblemKind.Unavailable, failure.Message).ExecuteAsync(context);
        }
    }

    private static Problem? Refuse(string id, TenancyStore store, TenantPlacements placements)
    {
        if (ListTenants.Find(store, id) is null || !TenantId.TryParse(id, out var tenant))
            return ListTenants.Unknown(id);
        if (tenant == TenantId.Main)
            return new Problem(ProblemKind.Conflict, "The installation's first tenant has what is the installation's own, and every installation has one: it is not taken to another.", "id");
        return placements.Of(tenant) is { IsChanging: true } row ? new Problem(ProblemKind.Conflict, $"The tenant is changing to {row.Target.Name()}; wait until it is done.", "id") : null;
    }

    /// <summary>Says in the trail that everything left; a final export pauses the tenant with it.</summary>
    private static Outcome<TenancyChange<TenantRow>> Decide(TenancyImage? image, string id, bool final)
    {
        if (image is null or { Tenant.State: TenantState.Deleted })
            return ListTenants.Unknown(id);
        var after = final ? image.Tenant with { State = TenantState.Disabled } : image.Tenant;
        return new TenancyChange<TenantRow>(after, image with { Tenant = after }, after == image.Tenant ? [] : [(image.Tenant, after)], "export", "tenant", id, null, new { final });
    }

    /// <summary>Those with an account of the installation, and who is invited; accounts of the tenant's provider are made anew when they sign in.</summary>
    private static List<ArchivedPerson> People(PeopleStore people, TenantId tenant) =>
    [
        .. people.Memberships.Where(m => m.TenantId == tenant.Value && people.FindUser(m.UserId) is { HomeTenant.Length: 0 })
            .Select(m => new ArchivedPerson(people.FindUser(m.UserId)!.Email, people.FindUser(m.UserId)!.Name, m.Grants, m.Enabled)),
        .. people.Invitations.Where(i => i.TenantId == tenant.Value && i.ResetsUser is null).Select(i => new ArchivedPerson(i.Email, "", i.Grants, true)),
    ];

    [LoggerMessage(5231, LogLevel.Warning, "The export of {Tenant} was broken off.")]
    private static partial void LogBroken(ILogger logger, string tenant, Exception failure);
}
