using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Strata.Cloud.Artifacts.Serving;

/// <summary>Answers with a file of content: ranges, <c>If-Range</c>, <c>If-None-Match</c> by its hash. The place at the gate is given back at the end, however that comes.</summary>
internal sealed class ServedContent(string path, string sha256, DownloadGate.Passage passage) : IResult
{
    /// <exception cref="FileNotFoundException">It has gone.</exception>
    public static FileStream Open(string path) =>
        new(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, Options = FileOptions.Asynchronous, BufferSize = 0 });

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using (passage)
        {
            Stream file;
            try
            {
                file = Open(path);
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
            var stream = passage.IsPaced ? new PacedStream(file, passage) : file;
            await Results.File(stream, "application/octet-stream", entityTag: new EntityTagHeaderValue($"\"{sha256}\""), enableRangeProcessing: true).ExecuteAsync(httpContext);
        }
    }
}
