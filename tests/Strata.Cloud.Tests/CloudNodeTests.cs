using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Strata.Cloud.Tests;

/// <summary>Starting and stopping a node, and what a configuration error looks like.</summary>
public sealed class CloudNodeTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_is_alive_ready_and_well()
    {
        using var stranger = cloud.NewClient();
        Assert.Equal("live\n", await stranger.GetStringAsync("health/live", Cancelled));
        Assert.Equal("ready\n", await stranger.GetStringAsync("health/ready", Cancelled));
        var health = await cloud.Client.GetHealthAsync(Cancelled);
        Assert.Equal("cloud", health.Node);
        Assert.Equal(["clock", "disk", "queue", "store"], health.Checks.Select(c => c.Name).Order());
        Assert.DoesNotContain(health.Checks, c => c.Status == "failing");
        Assert.InRange(health.MemoryBytes, 1, long.MaxValue);
    }

    [Fact]
    public async Task Metrics_are_told_to_who_sits_on_the_machine_but_not_through_a_proxy()
    {
        using var local = cloud.NewClient();
        Assert.Contains("# TYPE", await local.GetStringAsync("metrics", Cancelled), StringComparison.Ordinal);
        local.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.9");
        using var passedOn = await local.GetAsync("metrics", Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, passedOn.StatusCode);
    }

    [Fact]
    public async Task The_API_describes_itself()
    {
        using var document = JsonDocument.Parse(await cloud.Http.GetStringAsync("openapi/v1.json", Cancelled));
        Assert.StartsWith("3.1", document.RootElement.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var undescribed = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(verb => (Name: $"{verb.Name} {path.Name}", Operation: verb.Value)))
            .Where(o => !o.Operation.TryGetProperty("summary", out _) || !o.Operation.TryGetProperty("responses", out _))
            .Select(o => o.Name);
        Assert.Empty(undescribed);
        var clients = document.RootElement.GetProperty("paths").GetProperty("/api/v1/mqtt/clients").GetProperty("get");
        Assert.Equal(["client", "connected", "cursor", "limit", "slow"], clients.GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()).Order());
        Assert.Contains("openapi/v1.json", await cloud.Http.GetStringAsync("docs/", Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_problem_details()
    {
        using var response = await cloud.Http.GetAsync("api/v1/nothing", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public void The_data_folder_is_the_owners_alone_and_says_where_the_node_is()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(cloud.Folder));
        var file = Path.Combine(cloud.Folder, "node.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        using var node = JsonDocument.Parse(File.ReadAllText(file));
        Assert.Equal(cloud.Node.Http.ToString(), node.RootElement.GetProperty("http").GetString());
        Assert.Equal(cloud.Node.Mqtt.ToString(), node.RootElement.GetProperty("mqtt").GetString());
        Assert.Equal(Environment.ProcessId, node.RootElement.GetProperty("pid").GetInt32());
    }

    [Fact]
    public async Task Two_nodes_do_not_share_a_folder()
    {
        var (code, _, error) = await RunAsync(new CloudOptions { DataFolder = cloud.Folder, Http = Free, Mqtt = Free });
        Assert.Equal(2, code);
        Assert.Contains("Another node uses the data folder", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_stops_the_start_with_one_sentence()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var folder = Directory.CreateTempSubdirectory("strata-port-").FullName;
        var (code, output, error) = await RunAsync(new CloudOptions { DataFolder = folder, Http = Free, Mqtt = (IPEndPoint)taken.LocalEndpoint });
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains(taken.LocalEndpoint.ToString()!, error, StringComparison.Ordinal);
        Assert.Contains("--mqtt", error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_stops_the_start()
    {
        var (code, _, error) = await RunAsync(new CloudOptions { DataFolder = "/proc/strata", Http = Free, Mqtt = Free });
        Assert.Equal(2, code);
        Assert.Contains("/proc/strata", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_says_once_where_it_serves_and_leaves_nothing_behind()
    {
        var folder = Directory.CreateTempSubdirectory("strata-run-").FullName;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var output = new ReadyLine(stop);
        using var error = new StringWriter();
        var code = await CloudNode.RunAsync(new CloudOptions { DataFolder = folder, Http = Free, Mqtt = Free, LogLevel = LogLevel.Warning }, output, error, stop.Token);
        Assert.Equal(0, code);
        Assert.Matches(@"^ready http=127\.0\.0\.1:[1-9]\d* mqtt=127\.0\.0\.1:[1-9]\d*\n$", output.ToString());
        Assert.Contains("/login?code=", error.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder, "node.json")));
        Directory.Delete(folder, recursive: true);
    }

    private static IPEndPoint Free => new(IPAddress.Loopback, 0);

    private static async Task<(int Code, string Output, string Error)> RunAsync(CloudOptions options)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CloudNode.RunAsync(options, output, error, Cancelled);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Stops the node once it has said that it is ready.</summary>
    private sealed class ReadyLine(CancellationTokenSource stop) : StringWriter
    {
        public override async Task FlushAsync(CancellationToken cancellationToken)
        {
            await base.FlushAsync(cancellationToken);
            await stop.CancelAsync();
        }
    }
}
