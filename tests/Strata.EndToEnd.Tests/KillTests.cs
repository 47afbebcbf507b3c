using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Mqtt.Tests;

namespace Strata.EndToEnd.Tests;

/// <summary>kill -9 of each tier at random points under load: nothing acknowledged is missing, nothing is there twice.</summary>
public sealed class KillTests
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("STRATA_KILL_ROUNDS"), out var rounds) ? rounds : 20;

    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("STRATA_KILL_SEED"), out var seed) ? seed : Environment.TickCount;

    private readonly Random random = new(Seed);

    [Fact]
    public async Task What_the_cloud_acknowledged_is_there_once_after_kill_9()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var devices = await StartDevicesAsync(installation, "c", () => installation.CloudMqttPort);
        for (var round = 0; round < Rounds; round++)
        {
            await LetThemSendAsync(devices);
            await installation.Cloud.KillAsync();
            await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        }
        foreach (var device in devices)
        {
            await device.EndAsync();
            await AssertLedgerAsync(installation, device);
        }
    }

    [Fact]
    public async Task An_application_that_was_away_gets_all_that_the_cloud_acknowledged_meanwhile()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        using (var app = await ConnectApplicationAsync(installation, present: false))
            await app.SubscribeAsync("devices/+/telemetry", 1);
        var devices = await StartDevicesAsync(installation, "a", () => installation.CloudMqttPort);
        for (var round = 0; round < Math.Min(Rounds, 4); round++)
        {
            await LetThemSendAsync(devices);
            await installation.Cloud.KillAsync();
            await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        }
        foreach (var device in devices)
            await device.EndAsync();
        var missing = devices.SelectMany(d => Enumerable.Range(0, (int)d.Acknowledged).Select(n => $"devices/{d.Id}/telemetry {n}")).ToHashSet();
        using var back = await ConnectApplicationAsync(installation, present: true);
        while (missing.Count > 0)
        {
            var reading = await back.ReadPublishAsync();
            await back.SendAsync(Packets.PubAck(reading.PacketId));
            missing.Remove($"{reading.Topic} {JsonDocument.Parse(reading.Payload).RootElement.GetProperty("values").GetProperty("n").GetInt32()}");
        }
    }

    private static async Task<RawClient> ConnectApplicationAsync(Installation installation, bool present)
    {
        var client = await RawClient.OpenAsync(installation.CloudMqttPort);
        var token = (await File.ReadAllTextAsync(Path.Combine(installation.CloudFolder, "admin.token"))).Trim();
        await client.SendAsync(new ConnectBuilder
        {
            ClientId = "app", UserName = "app", Password = System.Text.Encoding.UTF8.GetBytes(token), CleanStart = false, Properties = Packets.Properties([0x11, 0, 0, 2, 0]),
        }.Build());
        client.Version = 5;
        Assert.Equal([(byte)(present ? 1 : 0), 0], (await client.ReadAsync(2)).Body[..2]);
        return client;
    }

    [Fact]
    public async Task What_a_gateway_acknowledged_reaches_the_cloud_once_after_kill_9()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secrets = (await installation.ApplyAsync("""
            apiVersion: strata/v1
            site: hq
            gateways: [ { id: gw, site: hq, uplink: { "*": raw } } ]
            devices: [ { id: f-0, site: hq }, { id: f-1, site: hq }, { id: f-2, site: hq } ]
            """)).Secrets;
        var fog = await installation.StartFogAsync("gw", "hq");
        var devices = secrets.Select(s => new LedgerDevice(s.Key, s.Value, () => Installation.Port(fog))).ToList();
        devices.ForEach(d => d.Begin());
        for (var round = 0; round < Rounds; round++)
        {
            await LetThemSendAsync(devices);
            await fog.KillAsync();
            await fog.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        }
        foreach (var device in devices)
            await device.EndAsync();
        foreach (var device in devices)
            await AssertLedgerAsync(installation, device);
    }

    [Fact]
    public async Task An_agent_killed_with_9_goes_on_where_its_disk_says_and_its_books_are_exact()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var device = await installation.Client.CreateDeviceAsync(new CreateDevice("replayer"));
        const int Rows = 60_000;
        var file = Path.Combine(installation.Folder, "rows.csv");
        await File.WriteAllLinesAsync(file, ["time,n", .. Enumerable.Range(0, Rows).Select(i => $"{new DateTime(2025, 1, 1).AddSeconds(i):yyyy-MM-dd HH:mm:ss},{i}")]);
        var edge = await installation.CreateEdgeAsync(device.Id, device.Secret, installation.CloudMqttPort,
            "--source", $"replay:{file}", "--map", "n=n", "--speed", "2000");
        await edge.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        for (var round = 0; round < Rounds; round++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(50, 900)), TimeProvider.System);
            await edge.KillAsync();
            await edge.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        }
        // The agent's own health figures are readings too, so the metric's are counted.
        var daily = new ReadingsQuery { Devices = [device.Id], Metrics = ["n"], Every = "1d", Aggregate = "count" };
        await Eventually.IsAsync(
            async () => (await installation.Client.AggregateReadingsAsync(daily)).Items.Sum(a => a.Values[0]), c => c >= Rows, $"all {Rows} rows at the cloud (seed {Seed})", TimeSpan.FromMinutes(5));
        await edge.StopAsync(TimeSpan.FromSeconds(10));
        using var books = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(installation.Folder, device.Id, "status.json")));
        var own = (await installation.Client.ListReadingsAsync(new ReadingsQuery { Devices = [device.Id], Metrics = ["n"], Limit = 10_000 })).Items;
        Assert.Equal(Rows, books.RootElement.GetProperty("readingsIn").GetInt64());
        Assert.Equal(0, books.RootElement.GetProperty("lost").GetInt64());
        Assert.Equal(Enumerable.Range(0, 10_000), own.Select(r => r.Value.GetInt32()));
        Assert.Equal(Rows, (await installation.Client.AggregateReadingsAsync(daily)).Items.Sum(a => a.Values[0]));
    }

    internal static async Task<List<LedgerDevice>> StartDevicesAsync(Installation installation, string prefix, Func<int> port)
    {
        var devices = new List<LedgerDevice>();
        for (var i = 0; i < 3; i++)
        {
            var device = await installation.Client.CreateDeviceAsync(new CreateDevice($"{prefix}-{i}"));
            devices.Add(new LedgerDevice(device.Id, device.Secret, port));
            devices[i].Begin();
        }
        return devices;
    }

    /// <summary>Waits until each device had some readings acknowledged since, then a random moment more.</summary>
    private Task LetThemSendAsync(List<LedgerDevice> devices) => LetThemSendAsync(devices, random);

    internal static async Task LetThemSendAsync(List<LedgerDevice> devices, Random random)
    {
        var before = devices.Select(d => d.Acknowledged).ToArray();
        await Eventually.IsAsync(
            () => Task.FromResult(devices.Zip(before, (d, b) => d.Acknowledged - b).Min()), n => n >= 5, $"five more acknowledgements for each device (seed {Seed})");
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 200)), TimeProvider.System);
    }

    internal static async Task AssertLedgerAsync(Installation installation, LedgerDevice device)
    {
        var acknowledged = device.Acknowledged;
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync(device.Id), c => c.Count >= acknowledged, $"{acknowledged} readings of {device.Id} at the cloud (seed {Seed})");
        var numbers = new List<long>();
        string? cursor = null;
        do
        {
            var page = await installation.Client.ListReadingsAsync(new ReadingsQuery { Devices = [device.Id], Metrics = ["n"], Limit = 10_000, Cursor = cursor });
            numbers.AddRange(page.Items.Select(r => r.Value.GetInt64()));
            Assert.All(page.Items, r => Assert.Equal(device.Start.AddMilliseconds(r.Value.GetInt64()), r.Time));
            cursor = page.Next;
        }
        while (cursor is not null);
        Assert.Equal(Enumerable.Range(0, (int)acknowledged).Select(n => (long)n), numbers);
        Assert.Equal(acknowledged, (await installation.Client.CountReadingsAsync(device.Id)).Count);
    }
}
