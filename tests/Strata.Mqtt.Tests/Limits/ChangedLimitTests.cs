using Strata.Mqtt.Broker;

namespace Strata.Mqtt.Tests.Limits;

/// <summary>Limits that change while the broker serves.</summary>
public sealed class ChangedLimitTests : IDisposable
{
    private static readonly IReadOnlyList<EngineLimit> Known =
    [
        new("max-qos", "a whole number", static (o, text) => o.MaxQoS = int.Parse(text, null), static (from, to) => to.MaxQoS = from.MaxQoS),
        new("max-packet-size", "a whole number", static (o, text) => o.MaxPacketSize = int.Parse(text, null), static (from, to) => to.MaxPacketSize = from.MaxPacketSize),
    ];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("strata-limits-");
    private readonly List<string> problems = [];

    private string Limits => Path.Combine(folder.FullName, "limits.txt");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task What_a_connection_was_told_holds_for_it_and_the_next_is_told_the_new()
    {
        await using var server = await TestServer.StartAsync(static o => (o.TopicAliasMaximum, o.MaxPacketSize) = (1, 1000));
        using var before = await server.ConnectAsync("before");
        await before.SendAsync(Packets.Publish("a", "x", 1, properties: Packets.Properties([0x23, 0, 1])));
        await before.ReadAsync(4);
        server.Broker.Change(static o => (o.TopicAliasMaximum, o.MaxPacketSize) = (2, 500));
        await before.SendAsync(Packets.Publish("a", new string('x', 800), 2));
        await before.ReadAsync(4);
        using var after = await server.ConnectAsync("after");
        await after.SendAsync(Packets.Publish("a", "x", 1, properties: Packets.Properties([0x23, 0, 2])));
        await after.ReadAsync(4);
        await after.SendAsync(Packets.Publish("a", new string('x', 800), 2));
        await after.AssertDisconnectedAsync(MqttReasonCode.PacketTooLarge);
        await before.SendAsync(Packets.Publish("a", "x", 3, properties: Packets.Properties([0x23, 0, 2])));
        await before.AssertDisconnectedAsync(MqttReasonCode.TopicAliasInvalid);
    }

    [Fact]
    public async Task A_change_to_a_value_out_of_range_changes_nothing()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Throws<ArgumentOutOfRangeException>(() => server.Broker.Change(static o => (o.MaxSessions, o.MaxQoS) = (5, 7)));
        Assert.Equal((200_000, 2), (server.Broker.Options.MaxSessions, server.Broker.Options.MaxQoS));
    }

    [Fact]
    public void A_file_goes_before_what_was_given_which_comes_back_with_a_line_that_goes()
    {
        Write("# ours\n max-qos = 1 # not 2\n\n");
        var file = new LimitFile(Limits, Known, static o => o.MaxPacketSize = 5000, problems.Add);
        Assert.Equal((1, 5000), InForce(file));
        Write("max-packet-size=6000");
        Assert.True(file.LookAgain());
        Assert.Equal((2, 6000), InForce(file));
        Assert.False(file.LookAgain());
        Assert.Empty(problems);
    }

    [Theory]
    [InlineData("max-qos = 1\nmax-qoss = 1", "line 2, max-qoss: there is no such limit")]
    [InlineData("max-qos = 1\nmax-qos = 0", "line 2, max-qos: it stands here twice.")]
    [InlineData("max-qos", "line 1, max-qos: write NAME = VALUE.")]
    [InlineData("max-qos = high", "line 1, max-qos: 'high' is not a value for it: a whole number.")]
    [InlineData("\nmax-qos = 3", "line 2, max-qos: MaxQoS is 0 to 2.")]
    [InlineData("max-packet-size = 99999999999", "line 1, max-packet-size: '99999999999' is not a value for it")]
    public void A_file_that_is_wrong_is_one_sentence_and_the_last_good_limits_stay(string text, string says)
    {
        Write(text);
        Assert.Contains(says, Assert.Throws<BrokerConfigurationException>(() => new LimitFile(Limits, Known, null, problems.Add)).Message, StringComparison.Ordinal);
        Write("max-qos = 0");
        var file = new LimitFile(Limits, Known, null, problems.Add);
        Write(text);
        Assert.False(file.LookAgain());
        Assert.Equal(0, InForce(file).MaxQoS);
        var problem = Assert.Single(problems);
        Assert.StartsWith($"--limits: {Limits}, ", problem, StringComparison.Ordinal);
        Assert.Contains(says, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_takes_a_changed_file_up_while_it_serves()
    {
        Write("max-packet-size = 5000");
        await using var server = await BrokerServer.StartAsync(
            new BrokerOptions { Mqtt = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), Anonymous = true, LimitsFile = Limits, Limits = Known, LogLevel = Microsoft.Extensions.Logging.LogLevel.Error },
            TestContext.Current.CancellationToken);
        Assert.Equal(5000u, await MaxPacketSizeAsync(server));
        Write("max-packet-size = 6000");
        var told = 5000u;
        while (told == 5000)
            told = await MaxPacketSizeAsync(server);
        Assert.Equal(6000u, told);
    }

    private static async Task<uint> MaxPacketSizeAsync(BrokerServer server)
    {
        using var client = new MQTTnet.MqttClientFactory().CreateMqttClient();
        var options = new MQTTnet.MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", server.Mqtt!.Port).WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).Build();
        var told = await client.ConnectAsync(options, TestContext.Current.CancellationToken);
        return told.MaximumPacketSize ?? 0;
    }

    private static (int MaxQoS, int MaxPacketSize) InForce(LimitFile file)
    {
        var options = new MqttOptions();
        file.Apply(options);
        return (options.MaxQoS, options.MaxPacketSize);
    }

    /// <summary>As a whole, and each with a time of its own, whatever the file system's clock.</summary>
    private void Write(string text)
    {
        var before = File.Exists(Limits) ? File.GetLastWriteTimeUtc(Limits) : DateTime.UnixEpoch.AddYears(40);
        File.WriteAllText(Limits + ".new", text);
        File.SetLastWriteTimeUtc(Limits + ".new", before.AddSeconds(1));
        File.Move(Limits + ".new", Limits, overwrite: true);
    }
}
