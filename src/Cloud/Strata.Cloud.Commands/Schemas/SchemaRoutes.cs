using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Schemas;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Commands.Schemas;

/// <summary><c>/api/v1/commands/schemas</c>: what payloads of commands must be, by model and name. They are of the whole tenant.</summary>
internal static class SchemaRoutes
{
    private const int MaxModelLength = 128;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/commands/schemas", List).Requires(Permission.DevicesRead).AcceptsOnly().WithName("ListCommandSchemas").WithTags("Commands")
            .WithSummary("What payloads of commands must be").Produces<Page<CommandSchemaInfo>>();
        api.MapPut("/commands/schemas/{model}/{name}", PutAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("PutCommandSchema").WithTags("Commands")
            .WithSummary("Sets the JSON Schema of a command's payload for devices of a model, or * for all others").Accepts<JsonElement>("application/json").Produces<CommandSchemaInfo>();
        api.MapDelete("/commands/schemas/{model}/{name}", DeleteAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("DeleteCommandSchema").WithTags("Commands")
            .WithSummary("Any payload goes").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static IResult List(HttpContext context, SchemaBook book) =>
        Results.Json(new Page<CommandSchemaInfo>([.. book.Of(context.Tenant()).Select(CommandViews.Info)], null), ContractsJson.Default.PageCommandSchemaInfo);

    private static async Task<IResult> PutAsync(string model, string name, HttpContext context, CommandStore store, SchemaBook book, CommandsOptions options, CancellationToken cancellationToken)
    {
        if (WholeOnly(context) is { } refusal)
            return ProblemResults.Of(refusal);
        model = Whole(model);
        if (model.Length is 0 or > MaxModelLength || model.Any(char.IsControl))
            return ProblemResults.Of(ProblemKind.Invalid, $"A model has 1 to {MaxModelLength} characters; * is for all models that have no schema of their own.", "model");
        if (CommandNames.CheckName(name) is { } wrong)
            return ProblemResults.Of(wrong);
        var body = await context.Request.ReadTextAsync(PayloadSchema.MaxBytes, cancellationToken);
        if (!body.IsOk)
            return ProblemResults.Of(body.Problem);
        if (PayloadSchema.Parse(body.Value) is { IsOk: false } bad)
            return ProblemResults.Of(bad.Problem);
        var caller = Caller.Of(context);
        var id = SchemaBook.IdOf(model, name);
        var outcome = await store.ChangeAsync<CommandSchemaRow>(caller, async (db, now, token) =>
        {
            var before = await db.Schemas.AsNoTracking().SingleOrDefaultAsync(s => s.Id == id, token);
            if (before is null && await db.Schemas.CountAsync(token) >= options.MaxSchemas)
                return new Problem(ProblemKind.TooMuch, $"{options.MaxSchemas:N0} schemas are all there may be.");
            var row = new CommandSchemaRow { TenantId = db.Tenant.Value, Id = id, Model = model, Name = name, Schema = body.Value, Changed = now, By = caller.Actor };
            return new DecidedChange<CommandSchemaRow>(row, [(before, row)], before is null ? "create" : "change", "command-schema", id, before is null ? null : new { before.Schema }, new { row.Schema });
        }, cancellationToken, row => book.Put(caller.Tenant, row));
        return outcome.ToResult(row => Results.Json(CommandViews.Info(row), ContractsJson.Default.CommandSchemaInfo));
    }

    private static async Task<IResult> DeleteAsync(string model, string name, HttpContext context, CommandStore store, SchemaBook book, CancellationToken cancellationToken)
    {
        if (WholeOnly(context) is { } refusal)
            return ProblemResults.Of(refusal);
        var id = SchemaBook.IdOf(Whole(model), name);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync<CommandSchemaRow>(caller, async (db, _, token) =>
            await db.Schemas.AsNoTracking().SingleOrDefaultAsync(s => s.Id == id, token) is { } row
                ? new DecidedChange<CommandSchemaRow>(row, [(row, null)], "delete", "command-schema", id, new { row.Schema }, null)
                : new Problem(ProblemKind.NotFound, "There is no such schema.", "name"), cancellationToken, _ => book.Remove(caller.Tenant, id));
        return outcome.ToResult(_ => Results.NoContent());
    }

    /// <summary>A slash in a part of a path is left as it was written.</summary>
    private static string Whole(string model) => model.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    /// <summary>What holds in the whole tenant is changed by who may change the whole.</summary>
    private static Problem? WholeOnly(HttpContext context) => Access.Refusal(context.Access().Decide(Permission.DevicesWrite, site: null), () => Access.Forbidden);
}
