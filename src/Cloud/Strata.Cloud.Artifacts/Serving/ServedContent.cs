using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Strata.Node.Artifacts;
using Strata.Storage;

namespace Strata.Cloud.Artifacts.Serving;

/// <summary>Answers with a file of content: ranges, <c>If-Range</c>, <c>If-None-Match</c> by its hash. The place at the gate is given back at the end, however that comes.</summary>
internal sealed class ServedContent(string path, string sha256, DownloadPassage passage) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using (passage)
        {
            Stream file;
            try
            {
                file = SafeFiles.OpenToSend(path);
            }
            catch (FileNotFoundException)
            {
                await Node.ProblemResults.Of(DownloadArtifact.Unknown).ExecuteAsync(httpContext);
                return;
            }
            await using var closing = file;
            var headers = httpContext.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.CacheControl = "private, max-age=31536000, immutable";
            var stream = new PacedStream(file, passage.PaceAsync);
            await Results.File(stream, "application/octet-stream", entityTag: new EntityTagHeaderValue($"\"{sha256}\""), enableRangeProcessing: true).ExecuteAsync(httpContext);
        }
    }
}
