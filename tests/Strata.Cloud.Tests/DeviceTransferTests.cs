using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;

namespace Strata.Cloud.Tests;

/// <summary>A device goes from one tenant to another, by API of a real node, on both stores.</summary>
public abstract class DeviceTransferTests(RunningCloud cloud)
{
    private const int Sent = 50;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_both_sides_consent_the_device_and_its_readings_go_and_nothing_of_it_is_left()
    {
        var (giver, receiver) = (await TenantAsync("give-a"), await TenantAsync("take-a"));
        var secret = await SendAsync(giver, "give-a", "pump-1");
        var before = await ReadingsAsync(giver, "pump-1");
        var offer = await giver.OfferTransferAsync("pump-1", new OfferTransfer("take-a", "go"), Cancelled);
        Assert.Equal(("given", "offered", "take-a"), (offer.Direction, offer.State, offer.Tenant));
        var seen = Assert.Single((await receiver.ListTransfersAsync(cancellationToken: Cancelled)).Items);
        Assert.Equal((offer.Id, "received", "give-a", "pump-1", "M-7"), (seen.Id, seen.Direction, seen.Tenant, seen.Device, seen.Model));
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<StrataApiException>(() => giver.BeginDecommissionAsync("pump-1", new BeginDecommission(), Cancelled))).StatusCode);

        var accepted = await receiver.AcceptTransferAsync(offer.Id, new AcceptTransfer("pump-9", "works/hall"), Cancelled);
        Assert.Equal(("moving", "pump-9"), (accepted.State, accepted.As));
        var done = await EndedAsync(receiver, offer.Id);
        Assert.Equal(("done", 2L * Sent), (done.State, done.Copied));
        await EndedAsync(giver, offer.Id);

        Assert.Equal(before.Select(r => (r.Time, "pump-9", r.Metric, r.Value.ToString())), (await ReadingsAsync(receiver, "pump-9")).Select(r => (r.Time, r.Device, r.Metric, r.Value.ToString())));
        Assert.Equal((2L * Sent, 0L), ((await receiver.CountReadingsAsync("pump-9", cancellationToken: Cancelled)).Count, (await giver.CountReadingsAsync("pump-1", cancellationToken: Cancelled)).Count));
        Assert.Equal(2, (await receiver.ListLatestAsync("pump-9", cancellationToken: Cancelled)).Items.Count);
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync("give-a", "pump-1", secret));
        var there = await receiver.GetDeviceAsync("pump-9", Cancelled);
        Assert.Equal(("unprovisioned", "works/hall", "M-7", "S-1"), (there.State, there.Site, there.Model, there.Serial));
        Assert.Equal("decommissioned", (await giver.GetDeviceAsync("pump-1", Cancelled)).State);
        using var statement = await StatementAsync(giver, "pump-1");
        Assert.Equal(("take-a", 2 * Sent), (statement.RootElement.GetProperty("transfer").GetProperty("to").GetString(), statement.RootElement.GetProperty("transfer").GetProperty("readingsCopied").GetInt32()));
        // What came in once is metered once, and to whom it came.
        Assert.Equal(0, (await receiver.GetUsageAsync(cancellationToken: Cancelled)).ReadingsStored);

        // It comes in with an identity of the receiver, and none else.
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync("take-a", "pump-9", secret));
        var own = (await receiver.RotateDeviceSecretAsync("pump-9", Cancelled)).Secret;
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync("take-a", "pump-9", own));
        foreach (var side in new[] { giver, receiver })
        {
            var audit = (await side.ListAuditAsync(cancellationToken: Cancelled)).Items.Where(a => a.Kind == "transfer").Select(a => a.Action).ToHashSet();
            Assert.Superset(new HashSet<string> { "offered", "accepted", "done" }, audit);
            Assert.Null((await side.VerifyAuditAsync(Cancelled)).Broken);
        }
    }

    [Fact]
    public async Task Readings_stay_where_they_are_unless_they_are_to_go_and_a_refused_acceptance_leaves_the_offer_standing()
    {
        var (giver, receiver) = (await TenantAsync("give-b"), await TenantAsync("take-b"));
        await SendAsync(giver, "give-b", "pump-1");
        await receiver.CreateDeviceAsync(new CreateDevice("pump-1"), Cancelled);
        var offer = await giver.OfferTransferAsync("pump-1", new OfferTransfer("take-b"), Cancelled);

        Assert.Equal("id", (await Assert.ThrowsAsync<StrataApiException>(() => receiver.AcceptTransferAsync(offer.Id, new AcceptTransfer(), Cancelled))).Field);
        Assert.Equal("offered", (await receiver.ListTransfersAsync(cancellationToken: Cancelled)).Items.Single().State);
        Assert.NotEqual("decommissioned", (await giver.GetDeviceAsync("pump-1", Cancelled)).State);
        await receiver.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["devices"] = 1 }), Cancelled);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await Assert.ThrowsAsync<StrataApiException>(() => receiver.AcceptTransferAsync(offer.Id, new AcceptTransfer("pump-2"), Cancelled))).StatusCode);
        await receiver.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["devices"] = null }), Cancelled);

        await receiver.AcceptTransferAsync(offer.Id, new AcceptTransfer("pump-2"), Cancelled);
        await EndedAsync(giver, offer.Id);
        Assert.Equal((2L * Sent, 0L), ((await giver.CountReadingsAsync("pump-1", cancellationToken: Cancelled)).Count, (await receiver.CountReadingsAsync("pump-2", cancellationToken: Cancelled)).Count));
        Assert.Equal("decommissioned", (await giver.GetDeviceAsync("pump-1", Cancelled)).State);
    }

    [Fact]
    public async Task An_offer_is_declined_withdrawn_or_expires_and_is_nobody_else_s()
    {
        var (giver, receiver, third) = (await TenantAsync("give-c"), await TenantAsync("take-c"), await TenantAsync("third-c"));
        foreach (var device in (string[])["d-1", "d-2", "d-3", "d-4"])
            await giver.CreateDeviceAsync(new CreateDevice(device), Cancelled);
        var declined = await giver.OfferTransferAsync("d-1", new OfferTransfer("take-c"), Cancelled);
        var withdrawn = await giver.OfferTransferAsync("d-2", new OfferTransfer("take-c"), Cancelled);
        var expired = await giver.OfferTransferAsync("d-3", new OfferTransfer("take-c", ValidFor: TimeSpan.FromMilliseconds(1)), Cancelled);
        var waiting = await giver.OfferTransferAsync("d-4", new OfferTransfer("nobody-yet"), Cancelled);
        Assert.Equal("offered", waiting.State);
        foreach (var (request, field) in new (OfferTransfer, string)[] { (new("give-c"), "to"), (new("no such name"), "to"), (new("take-c", "burn"), "readings"), (new("take-c", ValidFor: TimeSpan.FromDays(91)), "validFor") })
            Assert.Equal(field, (await Assert.ThrowsAsync<StrataApiException>(() => giver.OfferTransferAsync("d-1", request, Cancelled))).Field);
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<StrataApiException>(() => giver.OfferTransferAsync("d-1", new OfferTransfer("third-c"), Cancelled))).StatusCode);

        Assert.Empty((await third.ListTransfersAsync(cancellationToken: Cancelled)).Items);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => third.AcceptTransferAsync(declined.Id, new AcceptTransfer(), Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => third.EndTransferAsync(declined.Id, Cancelled))).StatusCode);
        // The giver accepts nothing for the receiver.
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => giver.AcceptTransferAsync(declined.Id, new AcceptTransfer(), Cancelled))).StatusCode);
        await receiver.EndTransferAsync(declined.Id, Cancelled);
        await giver.EndTransferAsync(withdrawn.Id, Cancelled);
        foreach (var (id, state) in new[] { (declined.Id, "declined"), (withdrawn.Id, "withdrawn"), (expired.Id, "expired") })
        {
            Assert.Equal(state, (await EndedAsync(giver, id)).State);
            Assert.Equal(state, (await EndedAsync(receiver, id)).State);
            Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<StrataApiException>(() => receiver.AcceptTransferAsync(id, new AcceptTransfer(), Cancelled))).StatusCode);
        }
        Assert.All((await giver.ListDevicesAsync(cancellationToken: Cancelled)).Items, d => Assert.NotEqual("decommissioned", d.State));
        Assert.Empty((await receiver.ListDevicesAsync(cancellationToken: Cancelled)).Items);

        var page = await giver.ListTransfersAsync(limit: 3, cancellationToken: Cancelled);
        var rest = await giver.ListTransfersAsync(page.Next, 3, Cancelled);
        Assert.Equal([waiting.Id, expired.Id, withdrawn.Id, declined.Id], page.Items.Concat(rest.Items).Select(t => t.Id));
    }

    [Fact]
    public async Task It_goes_on_where_it_was_after_a_stop()
    {
        var (giver, receiver) = (await TenantAsync("give-d"), await TenantAsync("take-d"));
        await SendAsync(giver, "give-d", "pump-1");
        var offer = await giver.OfferTransferAsync("pump-1", new OfferTransfer("take-d", "go"), Cancelled);
        await receiver.AcceptTransferAsync(offer.Id, new AcceptTransfer(), Cancelled);
        await cloud.StopAsync();
        await cloud.StartAsync();
        (giver, receiver) = (new StrataClient(cloud.Http, null, "give-d"), new StrataClient(cloud.Http, null, "take-d"));
        Assert.Equal(2L * Sent, (await EndedAsync(receiver, offer.Id)).Copied);
        await EndedAsync(giver, offer.Id);
        Assert.Equal((2L * Sent, 0L), ((await receiver.CountReadingsAsync("pump-1", cancellationToken: Cancelled)).Count, (await giver.CountReadingsAsync("pump-1", cancellationToken: Cancelled)).Count));
    }

    private async Task<StrataClient> TenantAsync(string tenant)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        return new StrataClient(cloud.Http, null, tenant);
    }

    private static async Task<IReadOnlyList<ReadingInfo>> ReadingsAsync(StrataClient client, string device) =>
        (await client.ListReadingsAsync(new ReadingsQuery { Devices = [device], Limit = 1_000 }, Cancelled)).Items;

    /// <summary>A device with readings of two kinds; its secret.</summary>
    private async Task<string> SendAsync(StrataClient client, string tenant, string device)
    {
        var secret = (await client.CreateDeviceAsync(new CreateDevice(device, Model: "M-7") { Serial = "S-1" }, Cancelled)).Secret;
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync(tenant, device, secret));
        return secret;
    }

    private async Task<HttpStatusCode> PostAsync(string tenant, string device, string secret)
    {
        var start = TimeProvider.System.GetUtcNow().AddHours(-1).ToUnixTimeMilliseconds();
        var body = "[" + string.Join(',', Enumerable.Range(0, Sent).Select(i => $$$"""{"ts":{{{start + (i * 1000)}}},"values":{"temperature":{{{i}}}.5,"door":"open {{{i}}}"}}""")) + "]";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/devices/{device}/telemetry") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{tenant}/{device}:{secret}")));
        using var answer = await cloud.Http.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }

    private async Task<JsonDocument> StatementAsync(StrataClient client, string device)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(await cloud.Client.GetErasureKeyAsync(Cancelled));
        return JsonDocument.Parse(ErasureCertificate.Verify(await client.GetErasureAsync(device, Cancelled), key)!);
    }

    private static async Task<TransferInfo> EndedAsync(StrataClient client, string id)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var info = (await client.ListTransfersAsync(cancellationToken: limit.Token)).Items.Single(t => t.Id == id);
            if (info.Finished is not null)
                return info;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, limit.Token);
        }
    }
}

public sealed class DeviceTransferInFilesTests(RunningCloud cloud) : DeviceTransferTests(cloud), IClassFixture<RunningCloud>;

public sealed class DeviceTransferInPostgresTests(RunningCloudOnPostgres cloud) : DeviceTransferTests(cloud), IClassFixture<RunningCloudOnPostgres>;
