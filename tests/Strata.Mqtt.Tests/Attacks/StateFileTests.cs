using Strata.Mqtt.Broker;

namespace Strata.Mqtt.Tests.Attacks;

/// <summary>What <c>strata broker --data</c> keeps is its owner's only, also where it was laid open.</summary>
public sealed class StateFileTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Folder = Owner | UnixFileMode.UserExecute;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string folder = Directory.CreateTempSubdirectory("strata-broker-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_journal_is_readable_by_its_owner_only()
    {
        var data = Path.Combine(folder, "data");
        await RunAsync(data);
        AssertPrivate(data);
    }

    [Fact]
    public async Task A_journal_that_comes_from_elsewhere_open_to_others_is_closed_to_them()
    {
        var data = Path.Combine(folder, "data");
        await RunAsync(data);
        File.SetUnixFileMode(data, Folder | Others | UnixFileMode.OtherExecute);
        foreach (var file in Directory.EnumerateFiles(data))
            File.SetUnixFileMode(file, Owner | Others);
        await using var server = await BrokerServer.StartAsync(Options(data), TestContext.Current.CancellationToken);
        AssertPrivate(data);
        using var client = await RawClient.OpenAsync(server.Mqtt!.Port);
        await client.SendAsync(new ConnectBuilder { ClientId = "stays", CleanStart = false, Properties = Packets.Properties([0x11, 0, 0, 1, 0]) }.Build());
        Assert.Equal(1, (await client.ReadAsync(2)).Body[0]);
    }

    [Fact]
    public async Task A_directory_that_is_everybodys_is_left_as_it_is_and_not_used()
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, "tmp")).FullName;
        const UnixFileMode Everybody = Folder | Others | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | UnixFileMode.StickyBit;
        File.SetUnixFileMode(data, Everybody);
        var refusal = await Assert.ThrowsAsync<BrokerConfigurationException>(() => BrokerServer.StartAsync(Options(data), TestContext.Current.CancellationToken));
        Assert.Contains("name a directory of its own", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(Everybody, File.GetUnixFileMode(data));
    }

    private static async Task RunAsync(string data)
    {
        await using var server = await BrokerServer.StartAsync(Options(data), TestContext.Current.CancellationToken);
        using var client = await RawClient.OpenAsync(server.Mqtt!.Port);
        await client.SendAsync(new ConnectBuilder { ClientId = "stays", CleanStart = false, Properties = Packets.Properties([0x11, 0, 0, 1, 0]) }.Build());
        await client.ReadAsync(2);
        await client.SubscribeAsync("a");
    }

    private static BrokerOptions Options(string data) =>
        new() { Mqtt = new(System.Net.IPAddress.Loopback, 0), Anonymous = true, DataDirectory = data, LogLevel = Microsoft.Extensions.Logging.LogLevel.None };

    private static void AssertPrivate(string data)
    {
        Assert.Equal(Folder, File.GetUnixFileMode(data));
        Assert.NotEmpty(Directory.EnumerateFiles(data, "*.journal"));
        Assert.All(Directory.EnumerateFiles(data), static file => Assert.Equal(Owner, File.GetUnixFileMode(file)));
    }
}
