using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Cloud.Contracts;
using Strata.Fog.Artifacts;
using Strata.Fog.Below;
using Strata.Fog.Configuration;
using Strata.Fog.Served;
using Strata.Fog.Uplink;
using Strata.Forwarding;
using Strata.Node.Settings;

namespace Strata.Fog.Tests;

/// <summary>A gateway in a temporary folder, with clients.</summary>
internal sealed class FogFixture : IAsyncDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler(), disposeHandler: true);
    private FogNode? node;

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"strata-fog-{Guid.NewGuid():n}");

    public long MaxBacklogBytes { get; init; } = 16 << 20;

    public WhenFull WhenFull { get; init; }

    public double DrainRate { get; init; } = 2_000;

    public TimeSpan OutageMakesBacklog { get; init; } = TimeSpan.FromMilliseconds(300);

    public IReadOnlyCollection<System.Net.IPNetwork> ProxiesFrom { get; init; } = [];

    public IReadOnlyList<FogGuest> Guests { get; init; } = [];

    public long MaxMessagesPerSecond { get; init; } = 10_000;

    public ArtifactCacheOptions? Artifacts { get; init; }

    public BelowOptions? Below { get; init; }

    /// <summary>As by --set; then the uplink's times are those of the program.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    public FogNode Node => node!;

    public T Get<T>()
        where T : class => Node.Served.Own.Services.GetService<T>() ?? Node.Services.GetRequiredService<T>();

    public async Task StartAsync(Uri parent, string? token = "join-me", string site = "hq", string? name = null)
    {
        var options = new FogOptions
        {
            DataFolder = Folder, Cloud = parent, JoinToken = token, Site = site, Name = name, Http = new(System.Net.IPAddress.Loopback, 0),
            Mqtt = new(System.Net.IPAddress.Loopback, 0), ProxiesFrom = ProxiesFrom, MaxBacklogBytes = MaxBacklogBytes, Guests = Guests, MaxMessagesPerSecond = MaxMessagesPerSecond, WhenBacklogFull = WhenFull, DrainRate = DrainRate,
            LogLevel = Microsoft.Extensions.Logging.LogLevel.Warning, Settings = NodeSettings.Parse(Set, FogSettings.Sections),
        };
        node = await FogNode.StartAsync(
            options, TextWriter.Null, builder =>
            {
                if (Set.Count == 0)
                {
                    builder.Services.Replace(ServiceDescriptor.Singleton(new UplinkSenderOptions
                    {
                        DrainRate = DrainRate, FirstRetry = TimeSpan.FromMilliseconds(20), LongestRetry = TimeSpan.FromMilliseconds(100),
                        RequestTimeout = TimeSpan.FromMinutes(1), OutageMakesBacklog = OutageMakesBacklog,
                    }));
                }
                if (Artifacts is { } artifacts)
                    builder.Services.Replace(ServiceDescriptor.Singleton(artifacts));
                if (Below is { } below)
                    builder.Services.Replace(ServiceDescriptor.Singleton(below));
            },
            TestContext.Current.CancellationToken);
    }

    public async Task StopAsync()
    {
        if (node is not null)
            await node.DisposeAsync();
        node = null;
    }

    /// <summary>Waits until the configuration is there.</summary>
    public async Task ConfiguredAsync(long version = 1)
    {
        var site = Get<SiteConfiguration>();
        var changed = new TaskCompletionSource();
        site.Changed += () =>
        {
            if (site.Version >= version)
                changed.TrySetResult();
        };
        if (site.Version >= version)
            return;
        await changed.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>Sends telemetry as a device does; returns the status.</summary>
    public async Task<int> PublishAsync(string device, string payload, bool immediate = false, long? sampled = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Node.Address, $"api/v1/devices/{device}/telemetry"))
        {
            Content = new StringContent(payload, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{device}:{Site.SecretOf(device)}")));
        if (immediate)
            request.Headers.Add("strata-immediate", "1");
        if (sampled is { } at)
            request.Headers.Add("strata-sampled", at.ToString());
        using var response = await http.SendAsync(request);
        return (int)response.StatusCode;
    }

    /// <summary>Publishes one value of one metric at a time in ms.</summary>
    public async Task AcceptedAsync(string device, long ms, string metric, string value, bool immediate = false) =>
        Assert.Equal(204, await PublishAsync(device, $$$"""{"ts":{{{ms}}},"values":{"{{{metric}}}":{{{value}}}}}""", immediate, immediate ? ms : null));

    public async Task<Page<LatestInfo>> LatestAsync(string device)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Node.Address, $"api/v1/latest?device={device}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Node.AdminToken);
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(ContractsJson.Default.PageLatestInfo))!;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        http.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
