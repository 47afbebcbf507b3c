using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Archive;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Tenancy.People;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Telemetry;

namespace Strata.Cloud.Tenancy.Isolation;

/// <summary><c>POST /api/v1/tenants/import</c>: kept as it comes, sealed, in the data folder; read to its end; then brought in. One at a time.</summary>
internal sealed class ImportTenant(
    RegistryOptions registry, TenancyOptions limits, TenancyStore store, PeopleStore people, PeopleOptions peopleOptions, InvitationMaker links, TenantPlacements placements, TenantImport import) : IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>Where archives wait while they are read.</summary>
    private string Folder => Path.Combine(registry.DataFolder, "imports");

    public static Task<IResult> HandleAsync(HttpContext context, ImportTenant import, CancellationToken cancellationToken) => import.RunAsync(context, cancellationToken);

    public void Dispose() => turn.Dispose();

    private async Task<IResult> RunAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var secret = ArchiveRoutes.Secret(context);
        if (!secret.IsOk)
            return ProblemResults.Of(secret.Problem);
        if (!await turn.WaitAsync(TimeSpan.Zero, cancellationToken))
            return ProblemResults.Of(ProblemKind.Conflict, "Another archive is being imported; wait until it is done.");
        var path = Path.Combine(Folder, $"{Guid.NewGuid():N}.strata");
        try
        {
            await KeepAsync(context, path, cancellationToken);
            ImportedArchive archive;
            await using (var file = File.OpenRead(path))
                archive = await import.CheckAsync(file, secret.Value, cancellationToken);
            if (Refuse(archive.Manifest) is { } refused)
                return ProblemResults.Of(refused);
            await using (var file = File.OpenRead(path))
                // Once begun it is carried through or taken back, whether the caller waits or not.
                await import.ApplyAsync(archive, file, secret.Value, tenant => store.LoadAgainAsync(tenant, CancellationToken.None), CancellationToken.None);
            return await AnswerAsync(context, archive);
        }
        catch (ArchiveException failure)
        {
            return ProblemResults.Of(ProblemKind.Invalid, failure.Message, "archive");
        }
        catch (TelemetryStoreException failure)
        {
            return ProblemResults.Of(ProblemKind.Unavailable, $"Nothing was imported: {failure.Message}");
        }
        catch (IOException failure) when (failure is not BadHttpRequestException)
        {
            return ProblemResults.Of(ProblemKind.Unavailable, $"Nothing was imported: {failure.Message} Make room in {Folder}, or look at its disk.");
        }
        finally
        {
            File.Delete(path);
            turn.Release();
        }
    }

    private async Task KeepAsync(HttpContext context, string path, CancellationToken cancellationToken)
    {
        // As long as the disk takes it: what bounds an archive is the room for it.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = null;
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var left in Directory.EnumerateFiles(Folder))
            File.Delete(left); // Of a time when the node was killed; there is one import at a time.
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite, Options = FileOptions.Asynchronous,
        };
        await using var file = new FileStream(path, options);
        await context.Request.Body.CopyToAsync(file, cancellationToken);
    }

    private Problem? Refuse(ArchiveManifest manifest)
    {
        if (!TenantId.TryParse(manifest.Tenant, out var tenant) || tenant == TenantId.Main)
            return new Problem(ProblemKind.Invalid, $"The archive is of a tenant '{manifest.Tenant}', which cannot be brought in.", "archive");
        if (store.All.FirstOrDefault(t => string.Equals(t.Tenant.TenantId, tenant.Value, StringComparison.OrdinalIgnoreCase)) is { } known && (known.Tenant.State != TenantState.Deleted || known.Tenant.TenantId != tenant.Value))
            return new Problem(ProblemKind.Conflict, $"There is a tenant '{known.Tenant.TenantId}' here already. It keeps its id, by which its devices sign in; one that was removed from here ('strata tenants delete --purge') may come back.", "archive");
        if (placements.Of(tenant).Detail != ShredTenant.Removed && store.Find(tenant) is not null)
            return new Problem(ProblemKind.Conflict, $"There was a tenant '{tenant}' here, and its audit trail is kept under that id.", "archive");
        return store.All.Count(t => t.Tenant.State != TenantState.Deleted) >= limits.MaxTenants
            ? new Problem(ProblemKind.TooMuch, $"There are {limits.MaxTenants:N0} tenants; delete some first.")
            : null;
    }

    private async Task<IResult> AnswerAsync(HttpContext context, ImportedArchive archive)
    {
        var tenant = TenantId.Parse(archive.Manifest.Tenant);
        var caller = Caller.Of(context) with { Tenant = tenant };
        await store.ChangeAsync<bool>(
            caller,
            (image, _) => new TenancyChange<bool>(
                true, image!, [], "import", "tenant", tenant.Value, null,
                new { archive.Manifest.Exported, archive.Manifest.Final, archive.Manifest.Program, archive.End.Digest, archive.End.Readings, people = archive.People.Count }), CancellationToken.None);
        var invited = new List<PersonalLink>();
        foreach (var person in archive.People.Where(p => p.Enabled).DistinctBy(p => p.Email).Take(peopleOptions.MaxInvitations))
        {
            var link = await people.ChangeAsync(caller, now => links.Make(context, person.Email, person.Grants, null, showLink: true, now, tenant), CancellationToken.None);
            if (link.IsOk)
                invited.Add(link.Value);
        }
        return Results.Json(
            new ImportedTenant(
                tenant.Value, archive.Manifest.Name, placements.Of(tenant).Level.Name(), archive.Manifest.Exported, archive.Manifest.Program, archive.End.Rows.Values.Sum(), archive.End.Readings, invited),
            ContractsJson.Default.ImportedTenant, statusCode: StatusCodes.Status201Created);
    }
}
