using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Provisioning.Templates;

/// <summary>What the routes of templates are. A template puts devices anywhere in the tenant, so that who may provision in a part of it may not write one.</summary>
internal static class TemplateRoutes
{
    public static Problem WholeOnly => new(ProblemKind.Forbidden, "Templates are for who may provision devices everywhere in the tenant.");

    public static void MapTemplates(this IEndpointRouteBuilder api)
    {
        api.MapGet("/templates", ListTemplates.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("ListTemplates").WithTags("Provisioning")
            .WithSummary("Templates by which arriving devices are registered, in the order in which they are tried").Produces<Page<TemplateInfo>>();
        api.MapPost("/templates", ApplyTemplates.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly("dryRun", "prune", "file").WithName("ApplyTemplates").WithTags("Provisioning")
            .WithSummary("Makes and changes templates as a file says").Accepts<string>("application/yaml").Produces<AppliedTemplates>().ProducesProblem(StatusCodes.Status413PayloadTooLarge);
        api.MapPost("/templates/test", TestThem.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("TestTemplates").WithTags("Provisioning")
            .WithSummary("Which template a device would have, why not the others, and what would come out").Accepts<TestTemplates>("application/json").Produces<TemplateTest>();
        api.MapDelete("/templates/{name}", DeleteTemplate.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("DeleteTemplate").WithTags("Provisioning")
            .WithSummary("Removes a template; devices that it made stay").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }
}
