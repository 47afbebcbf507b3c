using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cloud.Artifacts;
using Strata.Cloud.Artifacts.Serving;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Updates;
using Strata.Core.Devices;
using Strata.Core.Metering;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Node.Artifacts;
using Strata.Storage.Patches;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Artifacts;

/// <summary>What updates are made of: who brings it, who may read it, and that the bytes are the ones that were signed.</summary>
public abstract class ArtifactsTests(RunningCloud cloud, TestJobs jobs) : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa second = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private string Content => Path.Combine(cloud.Folder, "artifacts", "content");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        key.Dispose();
        second.Dispose();
    }

    [Fact]
    public async Task What_was_signed_and_sent_is_there_and_stays_over_a_restart()
    {
        var client = await TenantAsync("a-kept");
        var bytes = RandomNumberGenerator.GetBytes(100_000);
        var added = await AddAsync(client, bytes, "1.0");
        Assert.Equal(($"app/1.0/{Hash(bytes)[..12]}", 100_000L, "k1", true), (added.Id, added.Size, Assert.Single(added.Keys), added.Available));
        Assert.Equal(added.Id, (await AddAsync(client, bytes, "1.0", added.SignedAt)).Id);
        await cloud.StopAsync();
        var stray = Path.Combine(Content, "00", new string('0', 64));
        Directory.CreateDirectory(Path.GetDirectoryName(stray)!);
        await File.WriteAllTextAsync(stray, "of a node that ended before it wrote the row", Cancel);
        await cloud.StartAsync();
        Assert.False(File.Exists(stray));
        client = new StrataClient(cloud.Http, null, "a-kept");
        Assert.Equivalent(added, await client.GetArtifactAsync(added.Id, Cancel), strict: true);
        Assert.Equal(bytes, await ReadAsync(added.Sha256, "a-kept"));
        var trail = (await client.ListAuditAsync(cancellationToken: Cancel)).Items;
        Assert.Contains(trail, a => a is { Kind: "artifact", Action: "add" } && a.Id == added.Id);
        var facts = cloud.Node.Services.GetRequiredService<IArtifacts>();
        Assert.Equal(added.Id, facts.FindVersion(TenantId.Parse("a-kept"), "app", "1.0", "T-100")?.Id);
        Assert.Equal(added.Id, facts.FindVersion(TenantId.Parse("a-kept"), "app", "v1.0.0", "T-100")?.Id);
        Assert.Null(facts.FindVersion(TenantId.Parse("a-kept"), "app", "1.0", "T-200"));
    }

    [Fact]
    public async Task Another_tenant_does_not_get_bytes_by_knowing_their_hash()
    {
        var (client, other) = (await TenantAsync("a-mine"), await TenantAsync("a-theirs"));
        var bytes = RandomNumberGenerator.GetBytes(5_000);
        var added = await AddAsync(client, bytes, "1.0");
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(added.Sha256, "a-theirs"));
        var manifest = Manifest(bytes, "1.0", TimeProvider.System.GetUtcNow());
        Assert.Contains("have not been sent", (await RefusedAsync(() => other.AddArtifactAsync(Sign(manifest, ("k1", key)), Cancel))).Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => other.GetArtifactAsync(added.Id, Cancel))).StatusCode);

        // A device whose job names the hash reads it in its own tenant alone.
        await other.CreateDeviceAsync(new CreateDevice("d-1"), Cancel);
        jobs.Allow("a-theirs", "d-1", added.Sha256);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsDeviceAsync(other, "a-theirs", "d-1", added.Sha256));

        // Both have it by sending it; it is one file, and stays while one of them has it.
        var theirs = await AddAsync(other, bytes, "7.0");
        var file = Path.Combine(cloud.Folder, "artifacts", "content", added.Sha256[..2], added.Sha256);
        await client.DeleteArtifactAsync(added.Id, Cancel);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(added.Sha256, "a-mine"));
        Assert.Equal(bytes, await ReadAsync(added.Sha256, "a-theirs"));
        await other.DeleteArtifactAsync(theirs.Id, Cancel);
        Assert.False(File.Exists(file), "nobody has it any more");
    }

    [Fact]
    public async Task A_device_reads_what_a_job_of_its_own_names_in_ranges()
    {
        var client = await TenantAsync("a-device");
        var bytes = RandomNumberGenerator.GetBytes(300_000);
        var added = await AddAsync(client, bytes, "1.0");
        var secret = (await client.CreateDeviceAsync(new CreateDevice("d-1"), Cancel)).Secret;
        using var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"a-device/d-1:{secret}")));
        using (var none = await http.GetAsync($"/artifacts/{added.Sha256}", Cancel))
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        jobs.Allow("a-device", "d-1", added.Sha256);
        using var first = new HttpRequestMessage(HttpMethod.Get, $"/artifacts/{added.Sha256}") { Headers = { Range = new RangeHeaderValue(0, 99_999) } };
        using var part = await http.SendAsync(first, Cancel);
        Assert.Equal((HttpStatusCode.PartialContent, $"\"{added.Sha256}\""), (part.StatusCode, part.Headers.ETag!.Tag));
        using var rest = new HttpRequestMessage(HttpMethod.Get, $"/artifacts/{added.Sha256}") { Headers = { Range = new RangeHeaderValue(100_000, null), IfRange = new RangeConditionHeaderValue(part.Headers.ETag) } };
        using var more = await http.SendAsync(rest, Cancel);
        Assert.Equal(HttpStatusCode.PartialContent, more.StatusCode);
        Assert.Equal(bytes, (byte[])[.. await part.Content.ReadAsByteArrayAsync(Cancel), .. await more.Content.ReadAsByteArrayAsync(Cancel)]);
        using var changed = new HttpRequestMessage(HttpMethod.Get, $"/artifacts/{added.Sha256}") { Headers = { Range = new RangeHeaderValue(100_000, null), IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue("\"another\"")) } };
        using var whole = await http.SendAsync(changed, Cancel);
        Assert.Equal((HttpStatusCode.OK, 300_000L), (whole.StatusCode, whole.Content.Headers.ContentLength!.Value));
    }

    [Fact]
    public async Task Blocks_come_by_mqtt_to_the_device_that_asks_and_to_nobody_else()
    {
        var client = await TenantAsync("a-blocks");
        var bytes = RandomNumberGenerator.GetBytes(10_000);
        var added = await AddAsync(client, bytes, "1.0");
        var secret = (await client.CreateDeviceAsync(new CreateDevice("d-1"), Cancel)).Secret;
        var token = (await client.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")], "listener"), Cancel)).Token;
        using var device = await ConnectAsync("a-blocks/d-1", secret);
        using var application = await ConnectAsync("a-blocks/app", token);
        var (came, overheard) = (Channel.CreateUnbounded<MqttApplicationMessage>(), Channel.CreateUnbounded<MqttApplicationMessage>());
        device.ApplicationMessageReceivedAsync += m => came.Writer.WriteAsync(m.ApplicationMessage).AsTask();
        application.ApplicationMessageReceivedAsync += m => overheard.Writer.WriteAsync(m.ApplicationMessage).AsTask();
        await device.SubscribeAsync("devices/d-1/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancel);
        await application.SubscribeAsync("devices/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancel);
        var topic = $"devices/d-1/artifacts/{added.Sha256}";

        Assert.Contains("\"code\":404", (await AskAsync("{}")).ConvertPayloadToString(), StringComparison.Ordinal);
        jobs.Allow("a-blocks", "d-1", added.Sha256);
        Assert.Contains("is 256 to 65536", (await AskAsync("""{"size":1}""")).ConvertPayloadToString(), StringComparison.Ordinal);
        var accepted = await AskAsync("""{"size":4096,"from":1,"count":4,"missing":"Aw=="}""");
        Assert.Equal(($"{topic}/get/accepted", """{"bytes":10000,"size":4096,"blocks":3}"""), (accepted.Topic, accepted.ConvertPayloadToString()));
        foreach (var number in (int[])[1, 2])
        {
            var block = await NextAsync(came);
            Assert.Equal($"{topic}/blocks/4096/{number}", block.Topic);
            Assert.Equal(bytes[(number * 4096)..Math.Min(10_000, (number + 1) * 4096)], block.Payload.ToArray());
        }
        await device.PublishAsync(new MqttApplicationMessageBuilder().WithTopic("devices/d-1/telemetry").WithPayload("""{"t":1}""").WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancel);
        Assert.Equal("devices/d-1/telemetry", (await NextAsync(overheard)).Topic);

        async Task<MqttApplicationMessage> AskAsync(string payload)
        {
            await device.PublishAsync(new MqttApplicationMessageBuilder().WithTopic($"{topic}/get").WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancel);
            return await NextAsync(came);
        }
        static Task<MqttApplicationMessage> NextAsync(Channel<MqttApplicationMessage> from) => from.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
    }

    [Fact]
    public async Task A_manifest_is_believed_for_the_keys_of_its_tenant_and_as_long_as_they_sign()
    {
        var client = await TenantAsync("a-keys");
        var bytes = RandomNumberGenerator.GetBytes(1_000);
        await SendAsync(client, bytes);
        var now = TimeProvider.System.GetUtcNow();
        var manifest = Manifest(bytes, "1.0", now);
        var wrong = await RefusedAsync(() => client.AddArtifactAsync(Sign(manifest, ("k9", key)), Cancel));
        Assert.Contains("key 'k9' is not known here", wrong.Message, StringComparison.Ordinal);
        wrong = await RefusedAsync(() => client.AddArtifactAsync(Sign(manifest, ("k1", second)), Cancel));
        Assert.Contains("the signature of key 'k1' is wrong", wrong.Message, StringComparison.Ordinal);
        wrong = await RefusedAsync(() => client.AddArtifactAsync(Sign(Manifest(bytes, "1.0", now.AddHours(2)), ("k1", key)), Cancel));
        Assert.Contains("set the signer's clock", wrong.Message, StringComparison.Ordinal);

        await client.SaveArtifactKeyAsync("k2", PublicOf(second), Cancel);
        await client.SaveArtifactPolicyAsync(new ArtifactPolicy(2), Cancel);
        wrong = await RefusedAsync(() => client.AddArtifactAsync(Sign(manifest, ("k1", key)), Cancel));
        Assert.Contains("1 of 2", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await client.AddArtifactAsync(Sign(manifest, ("k1", key), ("k2", second)), Cancel)).Keys.Count);

        // Rotated out: what it signs as of before is not taken any more, though the manifest's time lies within its validity.
        await client.SaveArtifactPolicyAsync(new ArtifactPolicy(1), Cancel);
        await client.SaveArtifactKeyAsync("k1", PublicOf(key) with { NotAfter = now.AddMinutes(-1) }, Cancel);
        var late = Manifest(bytes, "1.1", now.AddMinutes(-5));
        wrong = await RefusedAsync(() => client.AddArtifactAsync(Sign(late, ("k1", key)), Cancel));
        Assert.Contains("does not sign any more", wrong.Message, StringComparison.Ordinal);
        await client.DeleteArtifactKeyAsync("k1", Cancel);
        Assert.Equal("k2", Assert.Single((await client.ListArtifactsAsync(cancellationToken: Cancel)).Items).Keys.Single());
    }

    [Fact]
    public async Task Bytes_that_are_not_the_ones_that_were_said_are_not_kept()
    {
        var client = await TenantAsync("a-bytes");
        var bytes = RandomNumberGenerator.GetBytes(70_000);
        var refused = await RefusedAsync(() => client.SendArtifactContentAsync(Hash(bytes), new MemoryStream(bytes[..^1]), Cancel));
        Assert.Contains("the bytes that came have the hash", refused.Message, StringComparison.OrdinalIgnoreCase);
        await SendAsync(client, bytes);
        var other = ManifestWriter.Write(ManifestReader.Read(Manifest(bytes, "1.0", TimeProvider.System.GetUtcNow())).Value! with { Size = 69_999 });
        Assert.Contains("69999 bytes, and 70000 were sent", (await RefusedAsync(() => client.AddArtifactAsync(Sign(other, ("k1", key)), Cancel))).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(cloud.Folder, "artifacts", "incoming")));
    }

    [Fact]
    public async Task A_new_version_comes_with_a_patch_from_the_one_before()
    {
        var client = await TenantAsync("a-delta");
        var old = RandomNumberGenerator.GetBytes(200_000);
        var made = (byte[])[.. old[..50_000], .. "something new"u8, .. old[60_000..]];
        var before = await AddAsync(client, old, "1.9.0");
        var added = await AddAsync(client, made, "1.10.0");
        var delta = Assert.Single(added.Deltas);
        Assert.Equal((before.Sha256, "1.9.0", "bsdiff"), (delta.From, delta.FromVersion, delta.Format));
        Assert.True(delta.Size < 2_000, $"{delta.Size} bytes");
        using var output = new MemoryStream();
        BinaryPatch.Apply(new MemoryStream(old), new MemoryStream(await ReadAsync(delta.Sha256, "a-delta")), output, made.Length, Cancel);
        Assert.Equal(made, output.ToArray());
        Assert.Empty((await AddAsync(client, RandomNumberGenerator.GetBytes(100_000), "1.11.0")).Deltas);
    }

    [Fact]
    public async Task The_same_file_again_is_the_same_artifact_and_another_file_needs_another_version()
    {
        var client = await TenantAsync("a-again");
        var (old, bytes) = (RandomNumberGenerator.GetBytes(100_000), RandomNumberGenerator.GetBytes(100_000));
        old.AsSpan(0, 90_000).CopyTo(bytes);
        await AddAsync(client, old, "1.0");
        var added = await AddAsync(client, bytes, "2.0");
        Assert.Single(added.Deltas);
        await SendAsync(client, bytes);
        Assert.Equivalent(added, await client.AddArtifactAsync(Sign(Manifest(bytes, "2.0", added.SignedAt.AddMinutes(1)), ("k1", key)), Cancel), strict: true);

        // As after an import: what is known is here, and no bytes are.
        foreach (var file in (string[])[added.Sha256, added.Deltas[0].Sha256])
            File.Delete(Path.Combine(Content, file[..2], file));
        Assert.False((await client.GetArtifactAsync(added.Id, Cancel)).Available);
        await SendAsync(client, bytes);
        Assert.Equivalent(added, await client.AddArtifactAsync(Sign(Manifest(bytes, "2.0", added.SignedAt.AddMinutes(2)), ("k1", key)), Cancel), strict: true);
        Assert.Equal(bytes, await ReadAsync(added.Sha256, "a-again"));
        Assert.Equal(added.Deltas[0].Size, (await ReadAsync(added.Deltas[0].Sha256, "a-again")).Length);

        var other = RandomNumberGenerator.GetBytes(1_000);
        await SendAsync(client, other);
        var refused = await RefusedAsync(() => client.AddArtifactAsync(Sign(Manifest(other, "v2", added.SignedAt), ("k1", key)), Cancel));
        Assert.Equal((HttpStatusCode.Conflict, true), (refused.StatusCode, refused.Message.Contains($"'{added.Id}'", StringComparison.Ordinal)));
        refused = await RefusedAsync(() => client.AddArtifactAsync(Sign(Manifest(bytes, "2.0", added.SignedAt, counter: 2), ("k1", key)), Cancel));
        Assert.Equal((HttpStatusCode.Conflict, true), (refused.StatusCode, refused.Message.Contains("another manifest", StringComparison.Ordinal)));
        Assert.NotEqual(added.Id, (await client.AddArtifactAsync(Sign(Manifest(other, "2.0", added.SignedAt, model: "T-200"), ("k1", key)), Cancel)).Id);

        await client.SaveArtifactKeyAsync("k2", PublicOf(second), Cancel);
        await client.DeleteArtifactKeyAsync("k1", Cancel);
        refused = await RefusedAsync(() => client.AddArtifactAsync(Sign(Manifest(bytes, "2.0", added.SignedAt), ("k2", second)), Cancel));
        Assert.Equal((HttpStatusCode.Conflict, true), (refused.StatusCode, refused.Message.Contains("not believed any more", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_key_without_which_nothing_could_be_signed_is_not_taken_back()
    {
        var client = await TenantAsync("a-last");
        var refused = await RefusedAsync(() => client.DeleteArtifactKeyAsync("k1", Cancel));
        Assert.Equal((HttpStatusCode.Conflict, true), (refused.StatusCode, refused.Message.Contains("add another key first", StringComparison.Ordinal)));
        await client.SaveArtifactKeyAsync("k2", PublicOf(second), Cancel);
        await client.SaveArtifactPolicyAsync(new ArtifactPolicy(2), Cancel);
        refused = await RefusedAsync(() => client.DeleteArtifactKeyAsync("k2", Cancel));
        Assert.Contains("2 must have signed a manifest, and without 'k2' 1 would be left", refused.Message, StringComparison.Ordinal);
        await client.SaveArtifactPolicyAsync(new ArtifactPolicy(1), Cancel);

        // One that signs no more is not counted, and goes.
        await client.SaveArtifactKeyAsync("k2", PublicOf(second) with { NotAfter = TimeProvider.System.GetUtcNow().AddMinutes(-1) }, Cancel);
        Assert.Contains("0 would be left", (await RefusedAsync(() => client.DeleteArtifactKeyAsync("k1", Cancel))).Message, StringComparison.Ordinal);
        await client.DeleteArtifactKeyAsync("k2", Cancel);
    }

    [Fact]
    public async Task A_patch_for_which_there_is_no_room_is_not_kept()
    {
        var client = await TenantAsync("a-room");
        var (old, bytes) = (RandomNumberGenerator.GetBytes(100_000), RandomNumberGenerator.GetBytes(100_000));
        old.AsSpan(0, 90_000).CopyTo(bytes);
        await AddAsync(client, old, "1.0");
        var options = cloud.Node.Services.GetRequiredService<ArtifactsOptions>();
        var usual = options.MaxBytesOfTenant;
        try
        {
            options.MaxBytesOfTenant = 205_000;
            var before = Files();
            var added = await AddAsync(client, bytes, "2.0");
            Assert.Empty(added.Deltas);
            Assert.Equal([.. before.Append(added.Sha256).Order(StringComparer.Ordinal)], Files());
            Assert.Contains("205,000 bytes", (await RefusedAsync(() => SendAsync(client, RandomNumberGenerator.GetBytes(6_000)))).Message, StringComparison.Ordinal);
        }
        finally
        {
            options.MaxBytesOfTenant = usual;
        }
    }

    [Fact]
    public async Task Applications_are_told_of_what_comes_and_goes()
    {
        var client = await TenantAsync("a-told");
        using var application = await TestApplication.ListenAsync(cloud, (await client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], "app"), Cancel)).Token, "fleet/artifacts", Cancel, "a-told");
        var id = (await AddAsync(client, RandomNumberGenerator.GetBytes(1_000), "1.0")).Id;
        await client.DeleteArtifactAsync(id, Cancel);
        foreach (var action in (string[])["add", "delete"])
        {
            var told = JsonSerializer.Deserialize((await application.NextAsync(Cancel)).Text, ContractsJson.Default.AuditRecord)!;
            Assert.Equal(("artifact", action, id), (told.Kind, told.Action, told.Id));
        }
    }

    [Fact]
    public async Task What_a_job_names_is_not_deleted()
    {
        var client = await TenantAsync("a-used");
        var added = await AddAsync(client, RandomNumberGenerator.GetBytes(1_000), "1.0");
        jobs.Use("a-used", added.Id);
        var refused = await RefusedAsync(() => client.DeleteArtifactAsync(added.Id, Cancel));
        Assert.Equal((HttpStatusCode.Conflict, true), (refused.StatusCode, refused.Message.Contains("rollout r-1", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_bill_of_materials_is_read_kept_and_searched()
    {
        var client = await TenantAsync("a-bom");
        const string bill = """
            {"bomFormat":"CycloneDX","specVersion":"1.6","components":[
              {"type":"library","name":"openssl","version":"3.0.13","purl":"pkg:deb/debian/openssl@3.0.13","components":[{"type":"library","name":"zlib","version":"1.3"}]},
              {"type":"library","name":"musl"}]}
            """;
        var bytes = RandomNumberGenerator.GetBytes(1_000);
        await SendAsync(client, bytes);
        var manifest = Manifest(bytes, "1.0", TimeProvider.System.GetUtcNow());
        Assert.Contains("no CycloneDX document", (await RefusedAsync(() => client.AddArtifactAsync(Sign(manifest, ("k1", key)) with { Bom = "{}" }, Cancel))).Message, StringComparison.Ordinal);
        var added = await client.AddArtifactAsync(Sign(manifest, ("k1", key)) with { Bom = bill }, Cancel);
        Assert.Equal(3, added.BomComponents);
        Assert.Equal(bill, await client.GetArtifactBomAsync(added.Id, Cancel));
        Assert.Single((await client.ListArtifactsAsync(part: "zlib", cancellationToken: Cancel)).Items);
        Assert.Single((await client.ListArtifactsAsync(part: "openssl@3.0.13", cancellationToken: Cancel)).Items);
        Assert.Empty((await client.ListArtifactsAsync(part: "openssl@3.0.14", cancellationToken: Cancel)).Items);
        Assert.Equal(["musl", "openssl", "zlib"], cloud.Node.Services.GetRequiredService<IArtifacts>().Find(TenantId.Parse("a-bom"), added.Id)!.Bom.Select(b => b.Name).Order());
    }

    [Fact]
    public async Task A_reader_has_so_many_downloads_at_once()
    {
        var client = await TenantAsync("a-many");
        var added = await AddAsync(client, RandomNumberGenerator.GetBytes(20_000_000), "1.0");
        var running = new List<HttpResponseMessage>();
        try
        {
            for (var i = 0; i < 5; i++)
            {
                var request = new HttpRequestMessage(HttpMethod.Get, $"/artifacts/{added.Sha256}");
                request.Headers.Add("Strata-Tenant", "a-many");
                running.Add(await cloud.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel));
            }
            Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests], running.Select(r => r.StatusCode));
            Assert.Equal(TimeSpan.FromSeconds(2), running[^1].Headers.RetryAfter!.Delta);
        }
        finally
        {
            running.ForEach(r => r.Dispose());
        }
    }

    [Theory]
    [InlineData("http")]
    [InlineData("blocks")]
    public async Task A_tenant_s_downloads_have_its_quota_together_over_HTTP_and_in_blocks(string by)
    {
        var tenant = $"a-rate-{by}";
        var client = await TenantAsync(tenant);
        var added = await AddAsync(client, RandomNumberGenerator.GetBytes(300_000), "1.0");
        var secret = (await client.CreateDeviceAsync(new CreateDevice("d-1"), Cancel)).Secret;
        jobs.Allow(tenant, "d-1", added.Sha256);
        using var device = await ConnectAsync($"{tenant}/d-1", secret);
        var refused = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        device.ApplicationMessageReceivedAsync += m => Task.FromResult(m.ApplicationMessage.Topic.EndsWith("/rejected", StringComparison.Ordinal) && refused.TrySetResult(m.ApplicationMessage.ConvertPayloadToString()));
        await device.SubscribeAsync("devices/d-1/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancel);
        await RefusedAsync(() => client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["downloadBytesPerSecond"] = 1_023 }), Cancel));
        await client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["downloadBytesPerSecond"] = 1_024 }), Cancel);

        // What is read now has to wait for more than a minute; nobody waits for that here.
        using var given = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var reading = by == "blocks" ? AskAsync("""{"size":65536,"count":1}""") : Task.WhenAll(Enumerable.Range(0, 4).Select(_ => GetAsync(given.Token)));
        var gate = cloud.Node.Services.GetRequiredService<DownloadGate>();
        await Strata.Testing.Deadline.For(Task.Run(async () =>
        {
            while (gate.Enter(new DownloadLane(tenant, int.MaxValue, 1_024)) is { } passage)
            {
                passage.Dispose();
                await Task.Yield();
            }
        }, Cancel), "the tenant owes time for what is being read");
        using var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{tenant}/d-1:{secret}")));
        using (var later = await http.GetAsync($"/artifacts/{added.Sha256}", Cancel))
            Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(2)), (later.StatusCode, later.Headers.RetryAfter?.Delta));
        if (by == "http")
        {
            await AskAsync("""{"size":256,"count":1}""");
            Assert.Contains("\"code\":429", await Strata.Testing.Deadline.For(refused.Task, "the device is refused"), StringComparison.Ordinal);
        }

        await client.ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["downloadBytesPerSecond"] = null }), Cancel);
        if (by == "blocks")
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(added.Sha256, tenant));
        await given.CancelAsync();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        Task AskAsync(string payload) => device.PublishAsync(
            new MqttApplicationMessageBuilder().WithTopic($"devices/d-1/artifacts/{added.Sha256}/get").WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancel);
        async Task GetAsync(CancellationToken stop)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/artifacts/{added.Sha256}");
            request.Headers.Add("Strata-Tenant", tenant);
            using var answer = await cloud.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        }
    }

    [Fact]
    public void A_gateway_has_a_rate_of_its_own_and_the_lower_of_two_rates_holds()
    {
        var options = new ArtifactsOptions { BytesPerSecondOfTenant = 100_000, BytesPerSecondOfGateway = 70_000, BytesPerSecondOfReader = 80_000 };
        long[] Rates(long? quota, PrincipalKind kind) => [.. DownloadLanes.Of(options, Quotas.Unlimited with { DownloadBytesPerSecond = quota }, TenantId.Main, kind, "x").Select(l => l.BytesPerSecond)];
        Assert.Equal([100_000, 70_000], Rates(null, PrincipalKind.Gateway));
        Assert.Equal([90_000, 80_000], Rates(90_000, PrincipalKind.Device));
        Assert.Equal([100_000, 80_000], Rates(900_000, PrincipalKind.Token));
        options.BytesPerSecondOfTenant = 0;
        Assert.Equal([900_000, 80_000], Rates(900_000, PrincipalKind.Token));
        Assert.Contains("BytesPerSecondOfGateway must be 0, or 64 KiB or more", Assert.Throws<ArgumentException>(() => new ArtifactsOptions { BytesPerSecondOfGateway = 1 }.Validate()).Message, StringComparison.Ordinal);
    }

    private async Task<IMqttClient> ConnectAsync(string user, string password)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithCredentials(user, password).WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).Build(), Cancel);
        return client;
    }

    /// <summary>What devices would refuse as their ring of keys is refused here first.</summary>
    [Fact]
    public async Task A_ring_of_keys_for_devices_is_taken_when_it_believes_its_own_manifest()
    {
        var client = await TenantAsync("a-ring");
        await client.SaveArtifactKeyAsync("k2", PublicOf(second), Cancel);
        var ring = KeyRingText.Write(new KeyRing([new TrustedKey("k2", "ecdsa-p256", second.ExportSubjectPublicKeyInfo(), null, null)], 1));
        var wrong = await RefusedAsync(() => AddRingAsync(ring, ("k1", key)));
        Assert.Equal(HttpStatusCode.Forbidden, wrong.StatusCode);
        Assert.Contains("Sign it with keys of both rings", wrong.Message, StringComparison.Ordinal);
        wrong = await RefusedAsync(() => AddRingAsync("no ring"u8.ToArray(), ("k1", key)));
        Assert.Contains("it is not what 'strata artifacts keys ring' writes", wrong.Message, StringComparison.Ordinal);
        wrong = await RefusedAsync(() => AddRingAsync(new byte[KeyRingText.MaxBytes + 1], ("k1", key)));
        Assert.Contains("a ring of keys has at most 65,536 bytes", wrong.Message, StringComparison.Ordinal);
        Assert.Equal("keys", (await AddRingAsync(ring, ("k1", key), ("k2", second))).Component);

        async Task<ArtifactInfo> AddRingAsync(byte[] bytes, params (string Id, ECDsa Key)[] by)
        {
            await SendAsync(client, bytes);
            return await client.AddArtifactAsync(Sign(Manifest(bytes, "2", TimeProvider.System.GetUtcNow(), component: "keys"), by), Cancel);
        }
    }

    private async Task<StrataClient> TenantAsync(string name)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(name), Cancel);
        var client = new StrataClient(cloud.Http, null, name);
        await client.SaveArtifactKeyAsync("k1", PublicOf(key), Cancel);
        return client;
    }

    private async Task<ArtifactInfo> AddAsync(StrataClient client, byte[] bytes, string version, DateTimeOffset? signed = null)
    {
        await SendAsync(client, bytes);
        if (signed is not null && (await client.ListArtifactsAsync("app", cancellationToken: Cancel)).Items.Single(a => a.Version == version) is { } there)
            return there;
        return await client.AddArtifactAsync(Sign(Manifest(bytes, version, TimeProvider.System.GetUtcNow()), ("k1", key)), Cancel);
    }

    private static Task<ArtifactContent> SendAsync(StrataClient client, byte[] bytes) => client.SendArtifactContentAsync(Hash(bytes), new MemoryStream(bytes), Cancel);

    private string[] Files() => [.. Directory.EnumerateFiles(Content, "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    internal static byte[] Manifest(byte[] bytes, string version, DateTimeOffset created, string model = "T-100", long counter = 1, string component = "app") => ManifestWriter.Write(new UpdateManifest
    {
        Component = component, Version = version, Models = [model], Counter = counter, Sha256 = Hash(bytes), Size = bytes.Length, Created = created,
    });

    internal static AddArtifact Sign(byte[] manifest, params (string Id, ECDsa Key)[] keys) => new(
        Convert.ToBase64String(manifest), [.. keys.Select(k => new SignatureInfo(k.Id, "ecdsa-p256", Convert.ToBase64String(k.Key.SignData(manifest, HashAlgorithmName.SHA256))))]);

    internal static SaveArtifactKey PublicOf(ECDsa key) => new("ecdsa-p256", Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()));

    internal static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private async Task<HttpStatusCode> StatusAsync(string sha256, string tenant)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/artifacts/{sha256}");
        request.Headers.Add("Strata-Tenant", tenant);
        using var response = await cloud.Http.SendAsync(request, Cancel);
        return response.StatusCode;
    }

    private async Task<HttpStatusCode> StatusAsDeviceAsync(StrataClient client, string tenant, string device, string sha256)
    {
        var secret = (await client.RotateDeviceSecretAsync(device, Cancel)).Secret;
        using var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{tenant}/{device}:{secret}")));
        using var response = await http.GetAsync($"/artifacts/{sha256}", Cancel);
        return response.StatusCode;
    }

    private async Task<byte[]> ReadAsync(string sha256, string tenant)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/artifacts/{sha256}");
        request.Headers.Add("Strata-Tenant", tenant);
        using var response = await cloud.Http.SendAsync(request, Cancel);
        return await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(Cancel);
    }

    private static async Task<StrataApiException> RefusedAsync(Func<Task> what) => await Assert.ThrowsAsync<StrataApiException>(what);
}

/// <summary>In place of rollouts: which device reads what, and what is in use.</summary>
public sealed class TestJobs : IArtifactReaders
{
    private readonly ConcurrentDictionary<string, bool> said = new();

    public void Allow(string tenant, string device, string sha256) => said[$"{tenant} {device} {sha256}"] = true;

    public void Use(string tenant, string artifact) => said[$"{tenant} {artifact}"] = true;

    public bool MayRead(TenantId tenant, DeviceId device, string sha256) => said.ContainsKey($"{tenant} {device} {sha256}");

    public string? InUse(TenantId tenant, string artifactId) => said.ContainsKey($"{tenant} {artifactId}") ? "rollout r-1" : null;
}

public sealed class CloudWithJobs : RunningCloud
{
    public TestJobs Jobs { get; } = new();

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<IArtifactReaders>(Jobs);
}

public sealed class CloudWithJobsOnPostgres(PostgresServer server) : RunningCloudOnPostgres(server)
{
    public TestJobs Jobs { get; } = new();

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<IArtifactReaders>(Jobs);
}

public sealed class ArtifactsOnFilesTests(CloudWithJobs cloud) : ArtifactsTests(cloud, cloud.Jobs), IClassFixture<CloudWithJobs>;

public sealed class ArtifactsOnPostgresTests(CloudWithJobsOnPostgres cloud) : ArtifactsTests(cloud, cloud.Jobs), IClassFixture<CloudWithJobsOnPostgres>;
