using System.Diagnostics;
using System.Reflection;
using Strata.Edge.Tests.Delivery;

namespace Strata.Edge.Tests.Buffering;

/// <summary>The real program, killed with SIGKILL.</summary>
public sealed class KillTests
{
    [Fact]
    public async Task Killed_at_random_points_it_delivers_what_one_run_delivers()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = new FakeGateway();
        await using var reference = new FakeGateway();
        using (var own = new TemporaryFolder())
        {
            await using var agent = new RunningAgent(RunningAgent.Room(own.Path, reference.Address));
            await agent.EndAsync();
        }
        var secret = folder.File("device.secret", "secret");
        string[] arguments =
        [
            "--data", Path.Combine(folder.Path, "agent"), "--device", "room-101", "--secret-file", secret, "--to", gateway.Address, "--source", $"replay:{Samples.Occupancy}",
            "--speed", "300000", "--exit-at-end", "--immediate", "occupancy", .. Samples.Room.SelectMany(m => new[] { "--map", $"{m.Metric}={m.Column}" }),
        ];
        for (var round = 1; round <= 4; round++)
        {
            var after = gateway.Telemetry.Count + Random.Shared.Next(1, 400);
            using var victim = Start(arguments);
            await gateway.UntilAsync(() => gateway.Telemetry.Count >= after || victim.HasExited, $"{after} batches");
            victim.Kill();
            await victim.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        using var last = Start(arguments);
        await last.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(0, last.ExitCode);
        Assert.Equal(reference.Stored, gateway.Stored);
        DeliveryTests.AssertWhole(gateway, RunningAgent.ReadBooks(Path.Combine(folder.Path, "agent")));
    }

    [Fact]
    public async Task Told_to_stop_it_ends_within_5_seconds_with_its_books_written()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = new FakeGateway();
        using var agent = Start(
            ["--data", Path.Combine(folder.Path, "agent"), "--device", "h", "--secret-file", folder.File("s", "x"), "--to", gateway.Address, "--source", "host", "--interval", "100ms"]);
        await gateway.UntilAsync(() => gateway.Telemetry.Count > 3, "host samples");
        using (var kill = Process.Start("kill", ["-TERM", $"{agent.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        await agent.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal(0, agent.ExitCode);
        var books = RunningAgent.ReadBooks(Path.Combine(folder.Path, "agent"));
        Assert.Equal((0, 0), (books.Waiting, books.Unexplained));
        Assert.Equal(books.Out, gateway.Stored.Values.Sum(DeliveryTests.Readings));
    }

    private static Process Start(IEnumerable<string> arguments)
    {
        var program = typeof(KillTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Agent").Value!;
        Assert.True(File.Exists(program), $"{program} is not built.");
        return Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true })!;
    }
}
