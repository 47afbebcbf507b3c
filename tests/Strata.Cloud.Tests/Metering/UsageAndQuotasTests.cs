using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Node.Metering;

namespace Strata.Cloud.Tests.Metering;

/// <summary>What tenants use and what they may, on a real node with real clients.</summary>
public abstract class UsageAndQuotasTests(RunningCloud cloud)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_tenant_sends_and_asks_is_in_its_usage_and_in_nobody_else_s()
    {
        var acme = await TenantAsync("Meter One");
        var other = await TenantAsync("Meter Two");
        var device = await acme.Client.CreateDeviceAsync(new CreateDevice("t-1", Model: "th-1"), Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(acme, device, """{"temperature":22.4,"door":true}""")).StatusCode);
        using (var mqtt = await ConnectAsync(acme, device))
        {
            await PublishAsync(mqtt, device, """{"temperature":1}""");
            await PublishAsync(mqtt, device, """{"temperature":2}""");
        }
        for (var i = 0; i < 5; i++)
            await acme.Client.ListDevicesAsync(cancellationToken: Cancelled);
        var used = await EventuallyAsync(() => acme.Client.GetUsageAsync(cancellationToken: Cancelled), u => u is { ApiCalls: >= 6, Connections: >= 1, Devices: 1 }, "calls, connections and devices");
        Assert.Equal((3, 32 + 17 + 17, 4, 4 * 16), (used.MessagesIn, used.BytesIn, used.ReadingsStored, used.BytesStored));
        var classes = (await acme.Client.GetUsageAsync(every: "month", byClass: true, cancellationToken: Cancelled)).Periods!;
        Assert.Equal(4, classes.Single(c => c.DeviceClass == "th-1").ReadingsStored);
        var nothing = await other.Client.GetUsageAsync(cancellationToken: Cancelled);
        Assert.Equal((0, 0, 0), (nothing.MessagesIn, nothing.ReadingsStored, nothing.Connections));
    }

    [Fact]
    public async Task Usage_is_for_whoever_may_ask_about_the_whole_tenant()
    {
        var acme = await TenantAsync("Meter Scoped");
        var admin = await TokenAsync(acme, "tenant-admin");
        Assert.Equal(0, (await admin.GetUsageAsync(cancellationToken: Cancelled)).ReadingsStored);
        var scoped = await TokenAsync(acme, "tenant-admin", "hq/floor-1");
        var viewer = await TokenAsync(acme, "viewer");
        foreach (var client in (StrataClient[])[scoped, viewer])
        {
            await RefusedAsync(HttpStatusCode.Forbidden, () => client.GetUsageAsync(cancellationToken: Cancelled));
            await RefusedAsync(HttpStatusCode.Forbidden, () => client.GetQuotasAsync(Cancelled));
        }
        await RefusedAsync(HttpStatusCode.Forbidden, () => admin.ChangeQuotasAsync(new ChangeQuotas("unlimited"), Cancelled));
        await RefusedAsync(HttpStatusCode.BadRequest, () => admin.GetUsageAsync("2026-01-02", "2026-01-01", cancellationToken: Cancelled));
        await RefusedAsync(HttpStatusCode.BadRequest, () => admin.GetUsageAsync(every: "week", cancellationToken: Cancelled));
    }

    [Fact]
    public async Task Over_a_rate_http_answers_429_with_the_quota_and_when_to_come_again_and_takes_nothing()
    {
        var acme = await TenantAsync("Meter Fast");
        var device = await acme.Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["messagesPerSecond"] = 1, ["messageBurst"] = 5 }), Cancelled);
        var taken = 0;
        HttpResponseMessage? refused = null;
        for (var i = 0; i < 40 && refused is null; i++)
        {
            var answer = await PostAsync(acme, device, $$"""{"ts":{{1_673_924_800_000 + i}},"values":{"temperature":{{i}} } }""");
            if (answer.StatusCode == HttpStatusCode.NoContent)
                taken++;
            else
                refused = answer;
        }
        Assert.InRange(taken, 5, 39);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused!.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 10);
        using var problem = JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(("messagesPerSecond", 1), (problem.RootElement.GetProperty("quota").GetString(), problem.RootElement.GetProperty("limit").GetInt64()));
        Assert.Equal(taken, (await acme.Client.CountReadingsAsync(null, Cancelled)).Count);
        // Another tenant has its own rate.
        var other = await TenantAsync("Meter Slow");
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(other, await other.Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled), """{"temperature":1}""")).StatusCode);
    }

    [Fact]
    public async Task Over_a_rate_mqtt_is_slowed_and_everything_acknowledged_is_there()
    {
        var acme = await TenantAsync("Meter Slowed");
        var device = await acme.Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["messagesPerSecond"] = 20 }), Cancelled);
        using var mqtt = await ConnectAsync(acme, device);
        var start = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => PublishAsync(mqtt, device, $$"""{"ts":{{1_673_924_800_000 + i}},"values":{"temperature":{{i}} } }""")));
        // One second's worth at once, the other forty at twenty a second.
        Assert.True(TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(1.5), "it was not slowed");
        Assert.Equal(60, (await acme.Client.CountReadingsAsync(null, Cancelled)).Count);
        // Sixty within a minute are far from 80 % of twenty a second, but somebody had to wait.
        await EventuallyAsync(() => acme.Client.GetQuotasAsync(Cancelled), q => q.Quotas.Single(i => i.Name == "messagesPerSecond") is { State: "warning", Used: < 16 }, "the warning");
        await EventuallyAsync(
            () => acme.Client.ListEventsAsync(cancellationToken: Cancelled), e => e.Items.Any(i => i.Kind == "quota.warning" && i.Detail.Contains("messagesPerSecond", StringComparison.Ordinal)), "the event");
    }

    [Fact]
    public async Task A_client_that_goes_on_flooding_beyond_the_rate_is_told_0x96_and_what_it_was_acknowledged_is_there()
    {
        var acme = await TenantAsync("Meter Flood");
        var device = await acme.Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["messagesPerSecond"] = 20 }), Cancelled);
        var broker = cloud.Node.Services.GetRequiredService<Strata.Mqtt.MqttBroker>();
        var grace = TimeSpan.Zero;
        broker.Change(o => (grace, o.PublishRateGrace) = (o.PublishRateGrace, TimeSpan.FromSeconds(1)));
        try
        {
            using var mqtt = await ConnectAsync(acme, device);
            var ended = new TaskCompletionSource<MqttClientDisconnectReason>(TaskCreationOptions.RunContinuationsAsynchronously);
            mqtt.DisconnectedAsync += e =>
            {
                ended.TrySetResult(e.Reason);
                return Task.CompletedTask;
            };
            var acknowledged = 0;
            var text = new string('x', 500);
            var flood = Enumerable.Range(0, 1_000).Select(async i =>
            {
                try
                {
                    if ((await mqtt.PublishAsync(Message(device, $$"""{"ts":{{1_673_924_800_000 + i}},"values":{"note":"{{text}}"} }"""), Cancelled)).IsSuccess)
                        Interlocked.Increment(ref acknowledged);
                }
                catch (Exception gone) when (gone is not OperationCanceledException)
                {
                    // Not acknowledged, so it may be stored or not.
                }
            }).ToList();
            Assert.Equal(MqttClientDisconnectReason.MessageRateTooHigh, await Strata.Testing.Deadline.For(ended.Task, "the DISCONNECT"));
            await Strata.Testing.Deadline.For(Task.WhenAll(flood), "the end of all publishes");
            Assert.InRange(acknowledged, 1, 900);
            Assert.True((await acme.Client.CountReadingsAsync(null, Cancelled)).Count >= acknowledged);
        }
        finally
        {
            broker.Change(o => o.PublishRateGrace = grace);
        }
    }

    [Fact]
    public async Task With_full_storage_devices_are_sent_away_with_0x97_and_429_and_let_in_again_when_more_is_allowed()
    {
        var acme = await TenantAsync("Meter Full");
        var device = await acme.Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(acme, device, """{"temperature":1}""")).StatusCode);
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["storageBytes"] = 1 }), Cancelled);
        var full = await EventuallyAsync(() => acme.Client.GetQuotasAsync(Cancelled), q => q.Quotas.Single(i => i.Name == "storageBytes").State == "exceeded", "the storage's measurement");
        Assert.Equal(DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime), full.Quotas.Single(i => i.Name == "storageBytes").RunsOut);
        var answer = await PostAsync(acme, device, """{"temperature":2}""");
        Assert.Equal((HttpStatusCode.TooManyRequests, 60.0), (answer.StatusCode, answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        using (var mqtt = await ConnectAsync(acme, device))
        {
            var ended = new TaskCompletionSource<MqttClientDisconnectReason>(TaskCreationOptions.RunContinuationsAsynchronously);
            mqtt.DisconnectedAsync += e =>
            {
                ended.TrySetResult(e.Reason);
                return Task.CompletedTask;
            };
            await Assert.ThrowsAnyAsync<Exception>(() => PublishAsync(mqtt, device, """{"temperature":3}"""));
            Assert.Equal(MqttClientDisconnectReason.QuotaExceeded, await Strata.Testing.Deadline.For(ended.Task, "the DISCONNECT"));
        }
        Assert.Equal(1, (await acme.Client.CountReadingsAsync(null, Cancelled)).Count);
        await EventuallyAsync(() => acme.Client.ListEventsAsync(cancellationToken: Cancelled), e => e.Items.Any(i => i.Kind == "quota.exceeded" && i.Detail.Contains("storageBytes", StringComparison.Ordinal)), "the event");
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas(Follow: ["storageBytes"]), Cancelled);
        using var again = await ConnectAsync(acme, device);
        await PublishAsync(again, device, """{"temperature":4}""");
        Assert.Equal(2, (await acme.Client.CountReadingsAsync(null, Cancelled)).Count);
    }

    [Fact]
    public async Task Connections_and_devices_beyond_the_quota_are_refused_with_the_reason()
    {
        var acme = await TenantAsync("Meter Small");
        var first = await acme.Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        var second = await acme.Client.CreateDeviceAsync(new CreateDevice("t-2"), Cancelled);
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["connections"] = 1, ["devices"] = 2 }), Cancelled);
        using var open = await ConnectAsync(acme, first);
        using var late = new MqttClientFactory().CreateMqttClient();
        Assert.Equal(MqttClientConnectResultCode.QuotaExceeded, (await late.ConnectAsync(OptionsOf(acme, second), Cancelled)).ResultCode);
        var problem = await RefusedAsync(HttpStatusCode.TooManyRequests, () => acme.Client.CreateDeviceAsync(new CreateDevice("t-3"), Cancelled));
        Assert.Contains("quota devices is 2", problem, StringComparison.Ordinal);
        await RefusedAsync(HttpStatusCode.TooManyRequests, () => acme.Client.ApplyAsync("apiVersion: strata/v1\nsite: hq\ndevices: [{id: t-4, site: hq}]\n", false, false, cancellationToken: Cancelled));
        await acme.Client.DeleteDeviceAsync("t-2", Cancelled);
        await acme.Client.CreateDeviceAsync(new CreateDevice("t-3"), Cancelled);
    }

    [Fact]
    public async Task A_payload_beyond_the_quota_is_refused_for_good()
    {
        var acme = await TenantAsync("Meter Short");
        var device = await acme.Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["payloadBytes"] = 20 }), Cancelled);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PostAsync(acme, device, """{"temperature":1.0000000}""")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(acme, device, """{"temperature":1}""")).StatusCode);
        using var mqtt = await ConnectAsync(acme, device);
        var answer = await mqtt.PublishAsync(Message(device, """{"temperature":1.0000000}"""), Cancelled);
        Assert.Equal(MqttClientPublishReasonCode.PayloadFormatInvalid, answer.ReasonCode);
        Assert.Equal(1, (await acme.Client.CountReadingsAsync(null, Cancelled)).Count);
    }

    [Fact]
    public async Task Api_calls_beyond_the_quota_wait_and_the_platform_s_owner_never_does()
    {
        var acme = await TenantAsync("Meter Calls");
        var admin = await TokenAsync(acme, "tenant-admin");
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["apiCallsPerMinute"] = 5 }), Cancelled);
        HttpStatusCode? status = null;
        for (var i = 0; i < 20 && status is null; i++)
        {
            try
            {
                await admin.ListDevicesAsync(cancellationToken: Cancelled);
            }
            catch (StrataApiException refused)
            {
                status = refused.StatusCode;
                Assert.Contains("apiCallsPerMinute", refused.Message, StringComparison.Ordinal);
            }
        }
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        for (var i = 0; i < 10; i++)
            await acme.Client.ListDevicesAsync(cancellationToken: Cancelled);
    }

    [Fact]
    public async Task Plans_are_the_platform_s_and_what_follows_them_changes_with_them_also_after_a_restart()
    {
        var acme = await TenantAsync("Meter Plans");
        await RefusedAsync(HttpStatusCode.Conflict, () => cloud.Client.PutQuotaPlanAsync("free", new PutQuotaPlan(new Dictionary<string, long>()), Cancelled));
        await RefusedAsync(HttpStatusCode.BadRequest, () => cloud.Client.PutQuotaPlanAsync("bad", new PutQuotaPlan(new Dictionary<string, long> { ["sheep"] = 1 }), Cancelled));
        await RefusedAsync(HttpStatusCode.NotFound, () => acme.Client.ChangeQuotasAsync(new ChangeQuotas("parking"), Cancelled));
        await cloud.Client.PutQuotaPlanAsync("parking", new PutQuotaPlan(new Dictionary<string, long> { ["devices"] = 3, ["connections"] = 4 }), Cancelled);
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas("parking", new Dictionary<string, long?> { ["connections"] = null }), Cancelled);
        Assert.Equal((3L, null), await HeldAsync(acme));
        await cloud.Client.PutQuotaPlanAsync("parking", new PutQuotaPlan(new Dictionary<string, long> { ["devices"] = 7, ["connections"] = 4 }), Cancelled);
        Assert.Equal((7L, null), await HeldAsync(acme));
        await RefusedAsync(HttpStatusCode.Conflict, () => cloud.Client.DeleteQuotaPlanAsync("parking", Cancelled));
        var records = (await acme.Client.ListAuditAsync(cancellationToken: Cancelled)).Items;
        Assert.Contains(records, r => r is { Kind: "quotas", Action: "change" });

        await cloud.StopAsync();
        await cloud.StartAsync();
        acme = acme with { Client = Of(acme.Id) };
        Assert.Equal((7L, null), await HeldAsync(acme));
        Assert.Equal(7, cloud.Node.Services.GetRequiredService<Meter>().Of(TenantId.Parse(acme.Id)).Quotas.Devices);
        await acme.Client.ChangeQuotasAsync(new ChangeQuotas("unlimited", Follow: ["connections"]), Cancelled);
        await cloud.Client.DeleteQuotaPlanAsync("parking", Cancelled);
    }

    private static async Task<(long?, long?)> HeldAsync(MeteredTenant tenant)
    {
        var quotas = (await tenant.Client.GetQuotasAsync(Cancelled)).Quotas;
        return (quotas.Single(q => q.Name == "devices").Limit, quotas.Single(q => q.Name == "connections").Limit);
    }

    private async Task<MeteredTenant> TenantAsync(string name)
    {
        var created = await cloud.Client.CreateTenantAsync(new CreateTenant(name), Cancelled);
        return new MeteredTenant(created.Id, Of(created.Id));
    }

    private StrataClient Of(string tenant) => new(cloud.Http, null, tenant);

    private async Task<StrataClient> TokenAsync(MeteredTenant tenant, string role, string? site = null)
    {
        var token = await tenant.Client.CreateTokenAsync(new CreateToken([new GrantInfo(role, site is null ? null : [site])]), Cancelled);
        return new StrataClient(cloud.NewClient(), token.Token);
    }

    private async Task<HttpResponseMessage> PostAsync(MeteredTenant tenant, DeviceSecret device, string payload)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/devices/{device.Id}/telemetry") { Content = new StringContent(payload, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{tenant.Id}/{device.Id}:{device.Secret}")));
        using var http = cloud.NewClient();
        return await http.SendAsync(request, Cancelled);
    }

    private async Task<IMqttClient> ConnectAsync(MeteredTenant tenant, DeviceSecret device)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        Assert.Equal(MqttClientConnectResultCode.Success, (await client.ConnectAsync(OptionsOf(tenant, device), Cancelled)).ResultCode);
        return client;
    }

    private MqttClientOptions OptionsOf(MeteredTenant tenant, DeviceSecret device) => new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithClientId(device.Id)
        .WithCredentials($"{tenant.Id}/{device.Id}", device.Secret).WithProtocolVersion(MqttProtocolVersion.V500).Build();

    private static MqttApplicationMessage Message(DeviceSecret device, string payload) => new MqttApplicationMessageBuilder()
        .WithTopic($"devices/{device.Id}/telemetry").WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build();

    private static async Task PublishAsync(IMqttClient client, DeviceSecret device, string payload) =>
        Assert.True((await client.PublishAsync(Message(device, payload), Cancelled)).IsSuccess);

    private static async Task<string> RefusedAsync(HttpStatusCode status, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<StrataApiException>(call);
        Assert.Equal(status, refused.StatusCode);
        return refused.Message;
    }

    /// <summary>Asks again until the answer is as wanted, for at most half a minute.</summary>
    private static async Task<T> EventuallyAsync<T>(Func<Task<T>> ask, Func<T, bool> wanted, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            var answer = await ask();
            if (wanted(answer))
                return answer;
            try
            {
                await timer.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"Waited for {what}; the last answer was {answer}."));
            }
        }
    }

    private sealed record MeteredTenant(string Id, StrataClient Client);
}

public sealed class UsageAndQuotasInFilesTests(RunningCloud cloud) : UsageAndQuotasTests(cloud), IClassFixture<RunningCloud>;

public sealed class UsageAndQuotasInPostgresTests(RunningCloudOnPostgres cloud) : UsageAndQuotasTests(cloud), IClassFixture<RunningCloudOnPostgres>;
