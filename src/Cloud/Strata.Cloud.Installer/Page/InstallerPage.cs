using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Strata.Node.Auth;

namespace Strata.Cloud.Installer.Page;

/// <summary>
/// The installer's page: files of this assembly, which hold nobody's data. What the page shows it asks of the API with the session of who uses it. Everything comes from this node;
/// nothing in the page is a script of its own text.
/// </summary>
internal static class InstallerPage
{
    private const string Prefix = "install/";
    private const string Document = "index.html";
    private const string Worker = "worker.js";

    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private static readonly Dictionary<string, PageFile> Files;

    static InstallerPage()
    {
        var assembly = typeof(InstallerPage).Assembly;
        var contents = assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .ToDictionary(n => n[Prefix.Length..].Replace('\\', '/'), n => Read(assembly.GetManifestResourceStream(n)!), StringComparer.Ordinal);
        // The worker's text changes with every file, so that browsers see that there is something new.
        var worker = Encoding.UTF8.GetString(contents[Worker])
            .Replace("VERSION-OF-THE-PAGE", Digest([.. contents.Values.SelectMany(c => c)]), StringComparison.Ordinal)
            .Replace("FILES-OF-THE-PAGE", string.Join(' ', contents.Keys.Where(IsKept)), StringComparison.Ordinal);
        contents[Worker] = Encoding.UTF8.GetBytes(worker);
        Files = contents.ToDictionary(c => c.Key, c => new PageFile(c.Value, TypeOf(c.Key), new EntityTagHeaderValue($"\"{Digest(c.Value)}\"")), StringComparer.Ordinal);
    }

    public static void MapInstallerPage(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/install/{**file}", Serve).IsOpen("the page holds nobody's data; what it shows, it asks with a session").ExcludeFromDescription();

    private static IResult Serve(string? file, HttpContext context)
    {
        // Scripts, and the worker's scope, are below the folder.
        if (file is null && !context.Request.Path.Value!.EndsWith('/'))
            return Results.LocalRedirect($"/install/{context.Request.QueryString}");
        if (!Files.TryGetValue(string.IsNullOrEmpty(file) ? Document : file, out var found))
            return Results.NotFound();
        var headers = context.Response.Headers;
        headers.CacheControl = "no-cache";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = Policy;
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()";
        return Results.Bytes(found.Content, found.Type, entityTag: found.Tag);
    }

    /// <summary>Whether the worker keeps it for dead spots: all but itself, the document, which it keeps under the folder's address, and what nothing loads.</summary>
    private static bool IsKept(string file) => file is not (Document or Worker) && Path.GetExtension(file) is ".js" or ".css" or ".svg" or ".webmanifest";

    private static string TypeOf(string file) => Path.GetExtension(file) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".webmanifest" => "application/manifest+json",
        _ => "text/plain; charset=utf-8",
    };

    private static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content))[..16];

    private static byte[] Read(Stream stream)
    {
        using (stream)
        {
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        }
    }

    private sealed record PageFile(byte[] Content, string Type, EntityTagHeaderValue Tag);
}
