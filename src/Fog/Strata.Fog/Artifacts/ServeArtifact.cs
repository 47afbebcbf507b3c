using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Fog.Served;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Fog.Artifacts;

/// <summary>
/// <c>GET /artifacts/{sha256}</c> at a gateway. Whether a device may read it, the cloud says (asked for one byte on the device's behalf). While the cloud does not say it, a device gets what is here and what it was allowed before itself; everybody else is told to come later.
/// </summary>
internal sealed class ServeArtifact(ServedTenants served, ArtifactCache cache, ArtifactCacheOptions options, TimeProvider time)
{
    /// <summary>With it a gateway names the device that it reads for.</summary>
    private const string DeviceHeader = "Strata-Device";

    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(10);
    private const int MostKnown = 100_000;
    private readonly ConcurrentDictionary<(TenantId, DeviceId, string), DateTimeOffset> allowed = new();
    private int running;

    public async Task<IResult> HandleAsync(string sha256, HttpContext context, CancellationToken cancellationToken)
    {
        var tenant = context.Tenant();
        if (!ManifestLimits.IsSha256(sha256) || served.Of(tenant) is not { } of || Reader(context) is not { } device)
            return Unknown;
        if (Interlocked.Increment(ref running) > options.MaxDownloads)
        {
            Interlocked.Decrement(ref running);
            return Later(context, "As many downloads as may run at once do; go on with this one later, from where it was.");
        }
        var isSent = false; // Then the place is given back at the end of the answer.
        try
        {
            if (!await MayReadAsync(of, tenant, device, sha256, cancellationToken))
                return Unknown;
            if (await cache.GetAsync(tenant, sha256, (from, stop) => OpenAsync(of, tenant, device, sha256, from, stop), cancellationToken) is not { } path)
                return Later(context, "The artifact is on its way to this gateway; ask again.");
            isSent = true;
            return new Sent(this, path, sha256);
        }
        catch (ArtifactUnavailableException e)
        {
            return Later(context, e.Message);
        }
        finally
        {
            if (!isSent)
                Interlocked.Decrement(ref running);
        }
    }

    private static IResult Unknown => ProblemResults.Of(ProblemKind.NotFound, "There is no such artifact for this caller.", "sha256");

    private static IResult Later(HttpContext context, string why)
    {
        context.Response.Headers.RetryAfter = "2";
        return ProblemResults.Of(ProblemKind.Unavailable, why);
    }

    /// <summary>The device that reads, or that a gateway below reads for.</summary>
    private static DeviceId? Reader(HttpContext context) =>
        context.User.Device() ?? (context.User.Gateway() is not null && DeviceId.TryParse(context.Request.Headers[DeviceHeader].ToString(), out var behind) ? behind : null);

    private async Task<bool> MayReadAsync(ServedTenant of, TenantId tenant, DeviceId device, string sha256, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var wasAllowed = allowed.TryGetValue((tenant, device, sha256), out var until);
        if (wasAllowed && now < until)
            return true;
        string why;
        try
        {
            using var limit = new CancellationTokenSource(AskLimit, time);
            using var asking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            using var answer = await of.Parent.GetArtifactAsync(sha256, device.Value, 0, 0, asking.Token);
            if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
            {
                allowed.TryRemove((tenant, device, sha256), out _);
                return false;
            }
            if (answer.IsSuccessStatusCode)
            {
                if (allowed.Count > MostKnown)
                    allowed.Clear(); // Asked anew, one byte each.
                allowed[(tenant, device, sha256)] = now + options.BelieveFor;
                return true;
            }
            why = $"The parent answers {(int)answer.StatusCode}";
            wasAllowed &= answer.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            why = $"The parent does not answer ({e.Message})";
        }
        return wasAllowed && cache.Find(tenant, sha256) is not null
            ? true
            : throw new ArtifactUnavailableException($"{why}, so it cannot be asked whether {device} may read this; ask again.");
    }

    /// <summary>What the device is not let read any more is not believed any more either.</summary>
    private async Task<HttpResponseMessage> OpenAsync(ServedTenant of, TenantId tenant, DeviceId device, string sha256, long from, CancellationToken cancellationToken)
    {
        var answer = await of.Parent.GetArtifactAsync(sha256, device.Value, from, null, cancellationToken);
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
            allowed.TryRemove((tenant, device, sha256), out _);
        return answer;
    }

    private sealed class Sent(ServeArtifact owner, string path, string sha256) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            try
            {
                FileStream file;
                try
                {
                    file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, Options = FileOptions.Asynchronous, BufferSize = 0 });
                }
                catch (FileNotFoundException)
                {
                    await Later(httpContext, "The artifact made room for another just now; ask again.").ExecuteAsync(httpContext);
                    return;
                }
                await using var closing = file;
                httpContext.Response.Headers.XContentTypeOptions = "nosniff";
                await Results.File(file, "application/octet-stream", entityTag: new EntityTagHeaderValue($"\"{sha256}\""), enableRangeProcessing: true).ExecuteAsync(httpContext);
            }
            finally
            {
                Interlocked.Decrement(ref owner.running);
            }
        }
    }
}
