using System.Text.Json;
using Strata.Edge.Tests.Delivery;

namespace Strata.Edge.Tests;

/// <summary>An agent that is told to wipe itself, and one whose power goes while it does.</summary>
public sealed class WipeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Data => Path.Combine(folder.Path, "agent");

    private string Secret => Path.Combine(folder.Path, "device.secret");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task It_answers_by_the_key_that_it_has_then_nothing_is_left_and_it_does_not_start_again()
    {
        await using var gateway = new FakeGateway { WipeRequest = "x1", Decide = _ => Answer.Hold };
        var options = RunningAgent.Room(folder.Path, gateway.Address);
        await using (var agent = new RunningAgent(options))
        {
            var gone = await Assert.ThrowsAsync<DeviceWipedException>(agent.EndAsync);
            Assert.Contains("request x1; the cloud was told", gone.Message, StringComparison.Ordinal);
        }
        var answer = Assert.Single(gateway.Responses);
        Assert.Equal("devices/room-101/commands/wipe/x1/response", answer.Topic);
        using var proof = JsonDocument.Parse(answer.Payload);
        Assert.True(proof.RootElement.GetProperty("wiped").GetBoolean());
        Assert.True(proof.RootElement.GetProperty("discardedReadings").GetInt64() > 0);
        Assert.Equal(["wiped"], Directory.GetFileSystemEntries(Data).Select(Path.GetFileName));
        Assert.False(File.Exists(Secret));

        // Even with a secret of its own: somebody must have removed the mark.
        var connections = gateway.Connections;
        await using var again = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address));
        Assert.Contains("remove", (await Assert.ThrowsAsync<DeviceWipedException>(again.EndAsync)).Message, StringComparison.Ordinal);
        Assert.Equal(connections, gateway.Connections);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_start_after_a_power_cut_finishes_what_was_begun(bool buffer, bool secret)
    {
        await using var gateway = new FakeGateway();
        var options = RunningAgent.Room(folder.Path, gateway.Address);
        Directory.CreateDirectory(Path.Combine(Data, "buffer"));
        await File.WriteAllTextAsync(Path.Combine(Data, "wiping"), "x2\n7\n", TestContext.Current.CancellationToken);
        if (buffer)
            await File.WriteAllTextAsync(Path.Combine(Data, "buffer", "1.log"), "half of it", TestContext.Current.CancellationToken);
        if (!secret)
            File.Delete(Secret);
        await using var agent = new RunningAgent(options);
        var gone = await Assert.ThrowsAsync<DeviceWipedException>(agent.EndAsync);
        Assert.Contains(secret ? "the cloud was told; 7 readings" : "nobody could be told; 7 readings", gone.Message, StringComparison.Ordinal);
        Assert.Equal(secret ? 1 : 0, gateway.Responses.Count);
        Assert.Equal(["wiped"], Directory.GetFileSystemEntries(Data).Select(Path.GetFileName));
        Assert.False(File.Exists(Secret));
    }

    [Fact]
    public async Task Where_nobody_answers_the_keys_go_all_the_same()
    {
        await using var gateway = new FakeGateway();
        gateway.Close();
        var options = RunningAgent.Room(folder.Path, gateway.Address) with { WipeAnswerLimit = TimeSpan.FromMilliseconds(200) };
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "wiping"), "x3\n0\n", TestContext.Current.CancellationToken);
        await using var agent = new RunningAgent(options);
        Assert.Contains("nobody could be told", (await Assert.ThrowsAsync<DeviceWipedException>(agent.EndAsync)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Secret));
    }
}
