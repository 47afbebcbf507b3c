using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Strata.Cloud.Tests;

/// <summary>A program of others that the node posts to, at a free port.</summary>
internal static class TestHook
{
    /// <param name="answer">Is given every POST, whatever its path.</param>
    public static async Task<WebApplication> StartAsync(Func<HttpContext, Task> answer, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapPost("/{**path}", (RequestDelegate)(context => answer(context)));
        await app.StartAsync(cancellationToken);
        return app;
    }
}
