using Strata.Storage;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Fog.Link;
using Strata.Fog.Served;
using Strata.Node;
using Strata.Node.Artifacts;
using Strata.Node.Auth;
using Strata.Node.Metering;

namespace Strata.Fog.Artifacts;

/// <summary>
/// <c>GET /artifacts/{sha256}</c> at a gateway. Whether a device may read it, the cloud says (asked for one byte on the device's behalf; where a gateway below asks for its device, as that gateway). While the cloud does not say it, a device gets what is here and what it was allowed before itself; everybody else is told to come later.
/// </summary>
internal sealed class ServeArtifact(ServedTenants served, ArtifactCache cache, DownloadGate gate, Meter meter, ArtifactCacheOptions options, TimeProvider time) : IArtifactBytes
{
    private static readonly Problem Unknown = new(ProblemKind.NotFound, "There is no such artifact for this caller.", "sha256");
    private readonly ConcurrentDictionary<(Reader, string Sha256), DateTimeOffset> allowed = new();

    public async Task<IResult> HandleAsync(string sha256, HttpContext context, CancellationToken cancellationToken)
    {
        var opened = ReaderOf(context) is { } reader ? await OpenAsync(reader, sha256, cancellationToken) : Unknown;
        if (opened.IsOk)
            return new Sent(opened.Value, sha256);
        if (opened.Problem.Kind is ProblemKind.Unavailable)
            context.Response.Headers.RetryAfter = "2";
        return ProblemResults.Of(opened.Problem);
    }

    /// <summary>Also in blocks, by MQTT.</summary>
    public Task<Outcome<ArtifactBytes>> OpenAsync(TenantId tenant, DeviceId device, string sha256, CancellationToken cancellationToken) => OpenAsync(new Reader(tenant, device, null), sha256, cancellationToken);

    private async Task<Outcome<ArtifactBytes>> OpenAsync(Reader reader, string sha256, CancellationToken cancellationToken)
    {
        var tenant = reader.Tenant;
        if (!ManifestLimits.IsSha256(sha256) || ParentOf(reader) is not { } parent)
            return Unknown;
        if (gate.Enter(new DownloadLane("", options.MaxDownloads, options.BytesPerSecond), new DownloadLane(tenant.Value, options.MaxDownloads, meter.Of(tenant).Quotas.DownloadBytesPerSecond ?? 0)) is not { } passage)
            return Later(IArtifactBytes.Busy);
        var isOpen = false; // Then the place is given back with what is opened.
        try
        {
            if (!await MayReadAsync(parent, reader, sha256, cancellationToken))
                return Unknown;
            if (await cache.GetAsync(tenant, sha256, (from, stop) => FetchAsync(parent, reader, sha256, from, stop), cancellationToken) is not { } path)
                return Later("The artifact is on its way to this gateway; ask again.");
            var file = SafeFiles.OpenToSend(path);
            isOpen = true;
            return new ArtifactBytes(file, passage);
        }
        catch (ArtifactUnavailableException e)
        {
            return Later(e.Message);
        }
        catch (FileNotFoundException)
        {
            return Later("The artifact made room for another just now; ask again.");
        }
        finally
        {
            if (!isOpen)
                passage.Dispose();
        }
    }

    private static Problem Later(string why) => new(ProblemKind.Unavailable, why);

    private static Reader? ReaderOf(HttpContext context) =>
        context.User.Device() is { } device ? new Reader(context.Tenant(), device, null)
        : context.User.Gateway() is { } gateway && DeviceId.TryParse(context.Request.Headers[IArtifactBytes.DeviceHeader].ToString(), out var behind) ? new Reader(context.Tenant(), behind, gateway)
        : null;

    /// <summary>The parent, asked as whoever the device is behind; null when that is not here.</summary>
    private ParentClient? ParentOf(Reader reader) => served.Of(reader.Tenant) is not { } tenant ? null : reader.Below is { } below ? tenant.ParentOf(below) : tenant.Parent;

    private async Task<bool> MayReadAsync(ParentClient parent, Reader reader, string sha256, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var wasAllowed = allowed.TryGetValue((reader, sha256), out var until);
        if (wasAllowed && now < until)
            return true;
        string why;
        try
        {
            using var limit = new CancellationTokenSource(options.AskWithin, time);
            using var asking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            using var answer = await parent.GetArtifactAsync(sha256, reader.Device.Value, 0, 0, asking.Token);
            if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
            {
                allowed.TryRemove((reader, sha256), out _);
                return false;
            }
            if (answer.IsSuccessStatusCode)
            {
                if (allowed.Count >= options.MaxBelieved)
                    allowed.Clear(); // Asked anew, one byte each.
                allowed[(reader, sha256)] = now + options.BelieveFor;
                return true;
            }
            why = $"The parent answers {(int)answer.StatusCode}";
            wasAllowed &= answer.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            why = $"The parent does not answer ({e.Message})";
        }
        return wasAllowed && cache.Find(reader.Tenant, sha256) is not null
            ? true
            : throw new ArtifactUnavailableException($"{why}, so it cannot be asked whether {reader.Device} may read this; ask again.");
    }

    /// <summary>What the device is not let read any more is not believed any more either.</summary>
    private async Task<HttpResponseMessage> FetchAsync(ParentClient parent, Reader reader, string sha256, long from, CancellationToken cancellationToken)
    {
        var answer = await parent.GetArtifactAsync(sha256, reader.Device.Value, from, null, cancellationToken);
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
            allowed.TryRemove((reader, sha256), out _);
        return answer;
    }

    /// <summary>A device that reads.</summary>
    /// <param name="Below">The gateway below that reads for it; null for one of this gateway's own.</param>
    private readonly record struct Reader(TenantId Tenant, DeviceId Device, GatewayId? Below);

    private sealed class Sent(ArtifactBytes bytes, string sha256) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            await using var sending = bytes;
            httpContext.Response.Headers.XContentTypeOptions = "nosniff";
            await Results.File(new PacedStream(bytes.Content, bytes.Passage.PaceAsync), "application/octet-stream", entityTag: new EntityTagHeaderValue($"\"{sha256}\""), enableRangeProcessing: true).ExecuteAsync(httpContext);
        }
    }
}
