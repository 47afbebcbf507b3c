using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Fog.Downward;

namespace Strata.Fog.Tests;

/// <summary>What devices of a gateway answer to commands goes up.</summary>
public sealed class DownwardTests
{
    private static readonly DeviceId Device = DeviceId.Parse("t-1");

    [Fact]
    public async Task An_answer_to_a_command_that_does_not_wait_here_any_more_or_never_did_goes_up()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await AnswerAsync(fog, "valve", "late-1", """{"status":"succeeded","result":1}""");
        await AnswerAsync(fog, "valve", "run.19ab.1", "");
        await parent.UntilAsync(p => Answers(p).Count() == 2, "both answers");
        Assert.Equal(["""valve late-1 {"status":"succeeded","result":1}""", "valve run.19ab.1 "], Answers(parent));
        // What cannot be a command's is nobody's.
        Assert.Null(Delivery(fog).Note(TenantId.Main, Device, "val ve", "late-2", []));
        Assert.Null(Delivery(fog).Note(TenantId.Main, Device, "valve", "", []));
    }

    [Fact]
    public async Task A_command_waits_for_its_answer_until_the_device_says_how_it_ended()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        var inbox = fog.Get<DownwardInbox>();
        Assert.True(inbox.Keep(null, new DownwardMessage("m-1", Device.Value, "commands/valve/long-1", "e30=", TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds())));
        await AnswerAsync(fog, "valve", "long-1", """{"status":"running"}""");
        Assert.True(inbox.IsWaiting("m-1"));
        await AnswerAsync(fog, "valve", "long-1", """{"status":"failed"}""");
        Assert.False(inbox.IsWaiting("m-1"));
        await parent.UntilAsync(p => Answers(p).Count() == 2, "both answers");
    }

    private static Task AnswerAsync(FogFixture fog, string command, string request, string payload)
    {
        var kept = Delivery(fog).Note(TenantId.Main, Device, command, request, Encoding.UTF8.GetBytes(payload));
        Assert.NotNull(kept); // Else the device is acknowledged, and the answer is nowhere.
        return kept;
    }

    private static DownwardDelivery Delivery(FogFixture fog) => fog.Node.Services.GetServices<IHostedService>().OfType<DownwardDelivery>().Single();

    private static IEnumerable<string> Answers(FakeParent parent) =>
        parent.OfKind("e").Where(e => e.Payload.GetProperty("k").GetString() == "device.response").Select(e => e.Payload.GetProperty("x").GetString()!);
}
