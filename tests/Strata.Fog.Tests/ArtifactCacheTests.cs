using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Fog.Artifacts;
using Strata.Fog.Served;

namespace Strata.Fog.Tests;

/// <summary>A gateway keeps artifacts for its devices: one copy comes from above, whatever breaks on the way.</summary>
public sealed class ArtifactCacheTests
{
    private const int Devices = 200;
    private readonly byte[] artifact = RandomNumberGenerator.GetBytes(3_000_000);

    private string Sha256 => Convert.ToHexStringLower(SHA256.HashData(artifact));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_hundred_devices_download_through_one_gateway_with_one_copy_from_above()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(devices: Devices));
        await using var above = await Above.StartAsync(this, parent);
        await using var fog = new FogFixture();
        await fog.StartAsync(above.Address);
        await fog.ConfiguredAsync();
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Devices }, disposeHandler: true) { BaseAddress = fog.Node.Address, Timeout = TimeSpan.FromMinutes(2) };
        var all = await Task.WhenAll(Enumerable.Range(1, Devices).Select(i => DownloadAsync(http, $"t-{i}")));
        Assert.All(all, bytes => Assert.True(bytes.AsSpan().SequenceEqual(artifact)));
        Assert.True(above.Sent < artifact.Length * 1.01, $"{above.Sent} bytes came from above for {Devices} devices");
        Assert.Equal(1, above.Copies);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Devices} devices, {artifact.Length} bytes each: {above.Sent} bytes from above in {above.Copies} copy and {above.Questions} questions of one byte");

        // Nobody above: what is here is served on, and a stranger's word is none.
        above.IsAway = true;
        Assert.Equal(artifact, await DownloadAsync(http, "t-1"));
        using var stranger = Request("t-1");
        stranger.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("t-1:guessed"u8));
        using var refused = await http.SendAsync(stranger, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task A_chain_of_gateways_takes_one_copy_from_above_and_each_device_is_asked_for_by_the_gateway_that_it_is_behind()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(devices: 30));
        await using var above = await Above.StartAsync(this, parent);
        await using var upper = new FogFixture();
        await using var middle = new FogFixture();
        await using var lower = new FogFixture();
        await upper.StartAsync(above.Address, name: "gw-upper");
        await middle.StartAsync(upper.Node.Address, name: "gw-middle");
        await lower.StartAsync(middle.Node.Address, name: "gw-lower");
        FogFixture[] chain = [upper, middle, lower];
        foreach (var gateway in chain)
            await gateway.ConfiguredAsync();
        HttpClient[] clients = [.. chain.Select(g => new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = g.Node.Address, Timeout = TimeSpan.FromMinutes(2) })];
        var all = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => DownloadAsync(clients[i % 3], $"t-{i + 1}")));
        Assert.All(all, bytes => Assert.True(bytes.AsSpan().SequenceEqual(artifact)));
        Assert.Equal(1, above.Copies);
        Assert.True(above.Sent < artifact.Length * 1.01, $"{above.Sent} bytes came from above");
        Assert.All(above.Asked, a => Assert.Equal(chain[(int.Parse(a.Device[2..]) - 1) % 3].Node.Id, a.Gateway));

        // The cloud is away: who was let before is served through the chain, from what the upper ones keep too.
        above.IsAway = true;
        File.Delete(Path.Combine(lower.Folder, "artifacts", "main", Sha256));
        Assert.Equal(artifact, await DownloadAsync(clients[2], "t-3"));
        above.IsAway = false;

        // A gateway below does not get by the one above what is for devices of that one alone.
        above.Readers = ["t-1"];
        above.Gateway = "gw-upper";
        foreach (var client in clients[..2])
        {
            using var stolen = new HttpRequestMessage(HttpMethod.Get, $"artifacts/{Sha256}");
            stolen.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("gw-lower:secret-of-gw-lower"u8));
            stolen.Headers.Add("Strata-Device", "t-1");
            using var refused = await client.SendAsync(stolen, Cancel);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        }
        foreach (var client in clients)
            client.Dispose();
    }

    [Fact]
    public async Task The_parent_s_word_is_remembered_of_so_many_and_waited_for_so_long()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var above = await Above.StartAsync(this, parent);
        await using var fog = new FogFixture { Artifacts = new ArtifactCacheOptions { MaxBelieved = 1, AskWithin = TimeSpan.FromSeconds(2) } };
        await fog.StartAsync(above.Address);
        await fog.ConfiguredAsync();
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        foreach (var device in (string[])["t-1", "t-1", "t-2", "t-1"])
            Assert.Equal(artifact, await DownloadAsync(http, device));
        Assert.Equal(3, above.Questions); // The first one's, the second one's, and the first one's again.
        above.IsSilent = true;
        using var request = Request("t-2");
        using var later = await http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, later.StatusCode);
        Assert.Contains("The parent does not answer", await later.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_cloud_does_not_let_a_device_read_it_does_not_get_here_either()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var above = await Above.StartAsync(this, parent);
        above.Readers = ["t-1"];
        await using var fog = new FogFixture();
        await fog.StartAsync(above.Address);
        await fog.ConfiguredAsync();
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        Assert.Equal(artifact, await DownloadAsync(http, "t-1"));
        using var request = Request("t-2");
        using var refused = await http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task While_the_parent_does_not_say_who_may_read_only_who_was_allowed_before_gets_what_is_here(int? answer)
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var above = await Above.StartAsync(this, parent);
        await using var fog = new FogFixture { Artifacts = new ArtifactCacheOptions { BelieveFor = TimeSpan.Zero } };
        await fog.StartAsync(above.Address);
        await fog.ConfiguredAsync();
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        Assert.Equal(artifact, await DownloadAsync(http, "t-1"));
        (above.IsAway, above.Answer) = (answer is null, answer);
        Assert.Equal(artifact, await DownloadAsync(http, "t-1"));
        using (var request = Request("t-2"))
        using (var later = await http.SendAsync(request, Cancel))
            Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (later.StatusCode, later.Headers.RetryAfter?.Delta > TimeSpan.Zero));

        // What was taken back is not believed on when the parent goes again.
        (above.IsAway, above.Answer, above.Readers) = (false, null, ["t-2"]);
        using (var request = Request("t-1"))
        using (var refused = await http.SendAsync(request, Cancel))
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        (above.IsAway, above.Answer) = (answer is null, answer);
        using (var request = Request("t-1"))
        using (var later = await http.SendAsync(request, Cancel))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, later.StatusCode);
    }

    [Fact]
    public async Task A_download_from_above_that_breaks_goes_on_and_so_it_does_after_a_restart()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var above = await Above.StartAsync(this, parent);
        above.BreakAfter = 1_000_000;
        await using var fog = new FogFixture();
        await fog.StartAsync(above.Address);
        await fog.ConfiguredAsync();
        using (var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address })
            Assert.Equal(artifact, await DownloadAsync(http, "t-1"));
        Assert.True(above.Sent < artifact.Length * 1.5, $"{above.Sent} bytes came from above");

        // As after kill -9: some bytes of another artifact are in a .part, and the rest is asked for.
        await fog.StopAsync();
        var folder = Path.Combine(fog.Folder, "artifacts", "main");
        File.Delete(Path.Combine(folder, Sha256));
        await File.WriteAllBytesAsync(Path.Combine(folder, Sha256 + ".part"), artifact[..2_000_000], Cancel);
        (above.BreakAfter, above.Sent) = (int.MaxValue, 0);
        await fog.StartAsync(above.Address, token: null);
        await fog.ConfiguredAsync();
        using var again = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        Assert.Equal(artifact, await DownloadAsync(again, "t-1"));
        Assert.True(above.Sent <= 1_000_002, $"{above.Sent} bytes came from above after the restart");
    }

    [Fact]
    public async Task What_is_damaged_on_the_way_is_not_kept()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var above = await Above.StartAsync(this, parent);
        above.Damages = true;
        await using var fog = new FogFixture();
        await fog.StartAsync(above.Address);
        await fog.ConfiguredAsync();
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        using (var request = Request("t-1"))
        using (var damaged = await http.SendAsync(request, Cancel))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, damaged.StatusCode);
            Assert.Contains("not what was asked for", await damaged.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
        above.Damages = false;
        Assert.Equal(artifact, await DownloadAsync(http, "t-1"));
    }

    private HttpRequestMessage Request(string device) => new(HttpMethod.Get, $"artifacts/{Sha256}")
    {
        Headers = { Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{device}:{Site.SecretOf(device)}"))) },
    };

    [Fact]
    public async Task All_downloads_from_a_gateway_have_its_rate_together()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(devices: 3));
        await using var above = await Above.StartAsync(this, parent);
        await using var fog = new FogFixture { Artifacts = new ArtifactCacheOptions { BytesPerSecond = 1_024 } };
        await fog.StartAsync(above.Address);
        await fog.ConfiguredAsync();
        var serve = fog.Get<ServeArtifact>();
        var opened = await serve.OpenAsync(TenantId.Main, DeviceId.Parse("t-1"), Sha256, Cancel);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var waiting = opened.Value!.Passage.PaceAsync(1_000_000, given.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.Contains("go on with this one later", (await serve.OpenAsync(TenantId.Main, DeviceId.Parse("t-2"), Sha256, Cancel)).Problem!.Detail, StringComparison.Ordinal);
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        using var request = Request("t-3");
        using var refused = await http.SendAsync(request, Cancel);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (refused.StatusCode, refused.Headers.RetryAfter?.Delta > TimeSpan.Zero));
        await given.CancelAsync();
        await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await opened.Value.DisposeAsync();
    }

    [Fact]
    public void A_guest_has_its_share_of_the_gateway_s_rate()
    {
        static FogOptions Options(long rate) => new() { DataFolder = "x", Cloud = new Uri("http://x"), MaxDownloadBytesPerSecond = rate };
        Assert.Equal(300_000, CapacityShare.Of(Options(1_000_000), 30).Quotas.DownloadBytesPerSecond);
        Assert.Null(CapacityShare.Of(Options(0), 30).Quotas.DownloadBytesPerSecond);
        Assert.Contains("MaxDownloadBytesPerSecond must be 0, or 64 KiB or more a second", Assert.Throws<FogConfigurationException>(() => Options(1).Validate()).Message, StringComparison.Ordinal);
    }

    private async Task<byte[]> DownloadAsync(HttpClient http, string device)
    {
        while (true)
        {
            using var request = Request(device);
            using var response = await http.SendAsync(request, Cancel);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                await Task.Delay(response.Headers.RetryAfter!.Delta!.Value / 10, TimeProvider.System, Cancel); // As a device does, told to come later.
                continue;
            }
            Assert.True(response.IsSuccessStatusCode, $"{device}: {response.StatusCode} {await response.Content.ReadAsStringAsync(Cancel)}");
            return await response.Content.ReadAsByteArrayAsync(Cancel);
        }
    }

    /// <summary>The cloud's artifacts before a fake parent, to which everything else goes.</summary>
    private sealed class Above(WebApplication app, ArtifactCacheTests test) : IAsyncDisposable
    {
        private long sent;
        private int copies;
        private int questions;

        public Uri Address => new(app.Urls.First());

        public IReadOnlyList<string>? Readers { get; set; }

        /// <summary>The one that is let; null for all.</summary>
        public string? Gateway { get; set; }

        /// <summary>Who asked for whom.</summary>
        public ConcurrentBag<(string Gateway, string Device)> Asked { get; } = [];

        public int BreakAfter { get; set; } = int.MaxValue;

        public bool Damages { get; set; }

        public bool IsAway { get; set; }

        public bool IsSilent { get; set; }

        /// <summary>The status that every question is answered with.</summary>
        public int? Answer { get; set; }

        public long Sent
        {
            get => Interlocked.Read(ref sent);
            set => Interlocked.Exchange(ref sent, value);
        }

        public int Copies => copies;

        public int Questions => questions;

        public static async Task<Above> StartAsync(ArtifactCacheTests test, FakeParent parent)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
            var app = builder.Build();
            var above = new Above(app, test);
            var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = parent.Address, Timeout = Timeout.InfiniteTimeSpan };
            app.Lifetime.ApplicationStopped.Register(http.Dispose);
            app.MapGet("/artifacts/{sha256}", above.SendAsync);
            app.MapFallback(context => PassOnAsync(context, http));
            await app.StartAsync(Cancel);
            return above;
        }

        public async ValueTask DisposeAsync()
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await app.StopAsync(soon.Token);
            await app.DisposeAsync();
        }

        private async Task SendAsync(HttpContext context, string sha256)
        {
            var device = context.Request.Headers["Strata-Device"].ToString();
            if (IsAway)
            {
                context.Abort();
                return;
            }
            if (IsSilent)
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
            if (Answer is { } status)
            {
                context.Response.StatusCode = status;
                return;
            }
            var gateway = Encoding.UTF8.GetString(Convert.FromBase64String(context.Request.Headers.Authorization.ToString()["Basic ".Length..])).Split(':')[0];
            Asked.Add((gateway, device));
            if (sha256 != test.Sha256 || Readers?.Contains(device) == false || (Gateway is not null && Gateway != gateway))
            {
                context.Response.StatusCode = 404;
                return;
            }
            var range = RangeHeaderValue.TryParse(context.Request.Headers.Range.ToString(), out var asked) ? asked.Ranges.Single() : null;
            var (from, until) = ((int)(range?.From ?? 0), (int)(range?.To ?? test.artifact.Length - 1));
            if (until == from)
                Interlocked.Increment(ref questions);
            else if (from == 0)
                Interlocked.Increment(ref copies);
            var bytes = test.artifact[from..(until + 1)];
            if (Damages && bytes.Length > 1)
                bytes[^1] ^= 1;
            context.Response.StatusCode = range is null ? 200 : 206;
            context.Response.ContentLength = bytes.Length;
            var now = Math.Min(bytes.Length, BreakAfter);
            Interlocked.Add(ref sent, now);
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, now));
            await context.Response.Body.FlushAsync(); // With less than it said the server closes the connection, after all that was written has been read: a reset would lose some of it.
        }

        private static async Task PassOnAsync(HttpContext context, HttpClient http)
        {
            using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), context.Request.Path + context.Request.QueryString);
            if (context.Request.Method != "GET")
                request.Content = new StreamContent(context.Request.Body) { Headers = { ContentType = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) ? type : null } };
            foreach (var (name, value) in context.Request.Headers.Where(h => h.Key is "Authorization" or "X-Status"))
                request.Headers.TryAddWithoutValidation(name, value.ToString());
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            context.Response.StatusCode = (int)response.StatusCode;
            context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
            await using var body = await response.Content.ReadAsStreamAsync(context.RequestAborted);
            var buffer = new byte[64 * 1024];
            while (await body.ReadAsync(buffer, context.RequestAborted) is var read && read > 0)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
    }
}
