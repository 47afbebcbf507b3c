using Strata.Mqtt.Durability;

namespace Strata.Mqtt.Tests.Durability;

/// <summary>
/// A server that can crash: what its files hold at that moment is what the next one starts from. The old one lives on apart, as a process that was killed does not, but
/// nobody looks at it any more.
/// </summary>
internal sealed class CrashingServer(bool stored, Action<MqttOptions>? configure = null, TimeProvider? time = null) : IAsyncDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("strata-mqtt-");
    private readonly List<TestServer> dead = [];
    private TestServer? server;

    public bool IsStored => stored;

    public TestServer Server => server!;

    public int Port => Server.Port;

    /// <summary>The directory of the server that lives.</summary>
    public string Data => Path.Combine(root.FullName, dead.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Tells the host of the next server what to say.</summary>
    public Action<TestHost>? Prepare { get; set; }

    /// <summary>Bytes of its files.</summary>
    public long Length => Server.Broker.Store!.Journal.Length;

    public async Task StartAsync() => server = await TestServer.StartAsync(
        options =>
        {
            options.DataDirectory = stored ? Data : null;
            configure?.Invoke(options);
        },
        time,
        prepare: host => Prepare?.Invoke(host));

    /// <summary>Everything that the server has answered, or does behind its answers, is on the disk and told.</summary>
    public async Task BarrierAsync()
    {
        // The first commit may still be telling when it is told of itself; when the second is, the first has ended.
        for (var i = 0; stored && i < 2; i++)
        {
            var written = new CommitSignal();
            Server.Broker.Store!.Mark(new AfterCommit(written));
            await Deadline.For(written.Task, "a commit");
        }
    }

    /// <param name="change">Does something to the files before they are used again.</param>
    public async Task CrashAsync(Action<string>? change = null)
    {
        var files = Data;
        dead.Add(Server);
        Directory.CreateDirectory(Data);
        foreach (var file in Directory.EnumerateFiles(files, "*.journal").Order(StringComparer.Ordinal))
        {
            await using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var to = new FileStream(Path.Combine(Data, Path.GetFileName(file)), FileMode.Create);
            await from.CopyToAsync(to);
        }

        change?.Invoke(Data);
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var each in dead.Append(Server))
            await each.DisposeAsync();
        root.Delete(recursive: true);
    }
}
