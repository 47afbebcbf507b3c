using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Provisioning.Templates;

/// <summary><c>GET /api/v1/templates</c>, by order and name. Who sees a part of the tenant sees the templates that lead there.</summary>
internal static class ListTemplates
{
    public static async Task<IResult> HandleAsync(HttpContext context, ProvisioningStore store, CancellationToken cancellationToken)
    {
        var access = context.Access();
        await using var tables = store.Create(access.Tenant);
        var rows = await tables.Templates.AsNoTracking().ToListAsync(cancellationToken);
        var (whole, reach) = (access.IsWhole(Permission.DevicesRead), access.ReachOf(Permission.DevicesRead));
        var items = rows.Select(r => (Template: TemplateContent.Read(r), r.Changed))
            .Where(t => whole || (SiteId.TryParse(t.Template.Assign.Site, out var site) && reach.Covers(site)))
            .OrderBy(t => t.Template.Order).ThenBy(t => t.Template.Name, StringComparer.Ordinal).Select(t => TemplateContent.Info(t.Template, t.Changed)).ToList();
        return Results.Json(new Page<TemplateInfo>(items, null), ContractsJson.Default.PageTemplateInfo);
    }
}
