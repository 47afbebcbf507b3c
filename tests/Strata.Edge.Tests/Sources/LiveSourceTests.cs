using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Strata.Core.Devices;
using Strata.Edge.Sources;
using Strata.Edge.Tests.Delivery;

namespace Strata.Edge.Tests.Sources;

/// <summary>Standard input and this machine.</summary>
public sealed class LiveSourceTests
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task Lines_are_payloads_and_bad_ones_are_said_by_number()
    {
        var log = new ListLogger();
        var input = $$$"""
            {"temperature":22.4}
            {"ts":1700000000000,"values":{"a":1,"b":true}}

            nonsense
            [{"a":1},{"a":2}]
            {"a":null}
            {{{new string('x', 300_000)}}}
            {"a":3}
            """;
        var (samples, bad) = await ReadAsync(Encoding.UTF8.GetBytes(input), log);
        Assert.Equal(3, bad);
        Assert.Equal(["22.4", "1 true", "1", "2", "3"], samples.Select(s => string.Join(' ', s.Values.Select(v => v.Value))));
        Assert.Equal(samples.Count, samples.Select(s => s.Time).Distinct().Count());
        Assert.Equal([4, 6, 7], log.Lines.Select(l => int.Parse(l.Split("line ")[2].Split(' ')[0], null)));
    }

    [Fact]
    public async Task However_the_input_is_cut_into_pieces_the_samples_are_the_same()
    {
        var lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 500).Select(i => $"{{\"a\":{i}}}\n")));
        foreach (var piece in new[] { 1, 7, 4096 })
        {
            var source = new StdinSource(new StdinOptions(new PieceStream(lines, piece)), DeviceId.Parse("d"), time, NullLogger.Instance);
            var count = 0;
            await foreach (var sample in source.ReadAsync(default, TestContext.Current.CancellationToken))
                Assert.Equal(count++, sample.Values[0].Value.Number);
            Assert.Equal(500, count);
        }
    }

    [Fact]
    public async Task An_agent_on_a_pipe_ends_when_the_pipe_does_and_everything_is_acknowledged()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = new FakeGateway();
        var input = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(i => $"{{\"a\":{i % 2},\"temperature\":20.1}}\n")) + "oops\n");
        await using var agent = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address) with { Source = new StdinOptions(new MemoryStream(input)) });
        await agent.EndAsync();
        var books = RunningAgent.ReadBooks(agent.Folder);
        Assert.Equal((2000L, 999L, 1001L, 0L), (books.In, books.Suppressed, books.Out, books.Unexplained));
        Assert.Equal(1001, gateway.Stored.Values.Sum(DeliveryTests.Readings));
    }

    [Fact]
    public async Task A_machine_is_measured_from_proc_and_sys()
    {
        using var root = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(root.Path, "proc/net"));
        Directory.CreateDirectory(Path.Combine(root.Path, "sys/class/thermal/thermal_zone0"));
        Write(root, busy: 100, idle: 100, sectors: 10, received: 1000);
        root.File("proc/loadavg", "0.50 0.4 0.3 1/100 1234\n");
        root.File("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    750 kB\n");
        root.File("sys/class/thermal/thermal_zone0/temp", "48500\n");
        var source = new HostSource(new HostOptions { Interval = TimeSpan.FromSeconds(2) }, root.Path, time, root.Path);
        await using var samples = source.ReadAsync(default, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        var next = samples.MoveNextAsync();
        Write(root, busy: 130, idle: 190, sectors: 14, received: 5000);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await next);
        var values = samples.Current.Values.ToDictionary(v => v.Metric.Value, v => v.Value.Number);
        Assert.Equal((25.0, 25.0, 48.5), (values["cpu"], values["memory"], values["temperature"]));
        Assert.Equal((1024.0, 512.0, 2000.0, 2.0), (values["disk.read"], values["disk.written"], values["network.received"], values["network.sent"]));
        Assert.InRange(values["disk"], 0, 100);
    }

    [Fact]
    public void What_this_machine_does_not_tell_is_left_out()
    {
        using var root = new TemporaryFolder();
        var probe = new HostProbe(root.Path, root.Path);
        var counters = probe.ReadCounters();
        Assert.Equal("disk", Assert.Single(probe.Measure(counters, counters, TimeSpan.FromSeconds(1))).Metric.Value);
    }

    private static void Write(TemporaryFolder root, long busy, long idle, long sectors, long received)
    {
        root.File("proc/stat", $"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
        root.File("proc/diskstats", $"   8 0 sda 1 0 {sectors} 0 1 0 {sectors / 2} 0 0 0 0\n   8 1 sda1 1 0 {sectors} 0 1 0 {sectors} 0 0 0 0\n 254 0 dm-0 1 0 99 0 1 0 99 0 0 0 0\n");
        root.File("proc/net/dev", $"Inter-| Receive | Transmit\n face |bytes packets\n    lo: 99 1 0 0 0 0 0 0 99 1 0 0 0 0 0 0\n  eth0: {received} 1 0 0 0 0 0 0 {received / 1000} 1 0 0 0 0 0 0\n");
    }

    private async Task<(List<Sample> Samples, long Bad)> ReadAsync(byte[] input, ListLogger log)
    {
        var source = new StdinSource(new StdinOptions(new MemoryStream(input)), DeviceId.Parse("d"), time, log);
        var samples = new List<Sample>();
        await foreach (var sample in source.ReadAsync(default, TestContext.Current.CancellationToken))
            samples.Add(sample);
        return (samples, source.BadRows);
    }

    private sealed class PieceStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }
}
