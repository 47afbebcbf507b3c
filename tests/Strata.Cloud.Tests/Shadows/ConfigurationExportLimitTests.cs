using System.Net;
using Strata.Cloud.Contracts;
using Strata.Cloud.Shadows;

namespace Strata.Cloud.Tests.Shadows;

/// <summary>A node whose exports have little.</summary>
public sealed class SmallExports : RunningCloud
{
    public SmallExports() => Shadows = new ShadowOptions { ExportBytes = 1024 };
}

/// <summary>What is more than a file takes is not exported.</summary>
public sealed class ConfigurationExportLimitTests(SmallExports cloud) : IClassFixture<SmallExports>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task More_layers_and_schemas_than_a_file_takes_are_refused_and_a_site_s_are_not()
    {
        var client = cloud.Client;
        await client.ApplyAsync("apiVersion: strata/v1\nsite: hq\n", dryRun: false, prune: false, cancellationToken: Cancelled);
        const string Layer = """{"n":1}""";
        await client.PutConfigurationLayerAsync("site/hq", Layer, cancellationToken: Cancelled);
        // To the byte: with the quotes and braces of both.
        var schema = $$"""{"title":"{{new string('x', 1024 - Layer.Length - 12)}}"}""";
        await client.PutConfigurationSchemaAsync("m", schema, Cancelled);
        Assert.Contains("title", await client.ExportAsync(cancellationToken: Cancelled), StringComparison.Ordinal);
        await client.PutConfigurationSchemaAsync("m", schema.Replace("x\"", "xx\"", StringComparison.Ordinal), Cancelled);
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => client.ExportAsync(cancellationToken: Cancelled));
        Assert.Equal((HttpStatusCode.TooManyRequests, "Layers and schemas have 1,025 bytes, and an export has at most 1,024 of them; export one site at a time."), (refused.StatusCode, refused.Message));
        Assert.Contains("layer: site/hq", await client.ExportAsync("hq", Cancelled), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1023)]
    [InlineData(16 * 1024 * 1024 + 1)]
    public void The_limit_is_what_a_file_may_have_at_most(int bytes) => Assert.Contains("1 KiB to 16 MiB", Assert.Throws<ArgumentException>(new ShadowOptions { ExportBytes = bytes }.Validate).Message, StringComparison.Ordinal);
}
