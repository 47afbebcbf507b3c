using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Commands;
using Strata.Cloud.Commands.Running;
using Strata.Cloud.Commands.Sending;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Commands;

/// <summary>Ten thousand commands that wait.</summary>
public sealed class ManyCommandsTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private const int Devices = 100;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_thousand_wait_are_there_after_a_restart_and_go_in_their_order()
    {
        var devices = new List<TestDevice>();
        for (var d = 0; d < Devices; d++)
            devices.Add(await TestDevice.CreateAsync(cloud, $"many-{d}"));
        var options = cloud.Node.Services.GetRequiredService<CommandsOptions>();
        await Task.WhenAll(devices.Select(device => Task.Run(async () =>
        {
            var desk = cloud.Node.Services.GetRequiredService<CommandDesk>();
            var known = cloud.Node.Services.GetRequiredService<IFleet>().Find(TenantId.Main, DeviceId.Parse(device.Id))!;
            for (var c = 0; c < options.MaxOpenOfDevice; c++)
            {
                var command = NewCommand.Of(new SendCommand("step", JsonElement.Parse($$"""{"n":{{c}}}""")) { Request = $"s-{c}" }, null, options);
                Assert.True((await desk.SendAsync(new Caller(TenantId.Main, "test"), known, command.Value!, Cancel)).IsOk);
            }
        }, Cancel)));
        Assert.Equal(10_000, cloud.Node.Services.GetRequiredService<CommandBook>().CountOf(TenantId.Main));
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal(10_000, cloud.Node.Services.GetRequiredService<CommandBook>().CountOf(TenantId.Main));
        var one = devices[42];
        await one.ConnectAsync();
        for (var c = 0; c < 20; c++)
        {
            var heard = await one.NextAsync();
            Assert.Equal(($"s-{c}", $$"""{"n":{{c}}}"""), (heard.Request, heard.Payload));
            await one.AnswerAsync(heard.Name, heard.Request, "");
        }
        Assert.Equal("succeeded", (await cloud.Client.GetCommandAsync(one.Id, "s-19", TimeSpan.FromSeconds(30), Cancel)).State);
        Assert.Equal(9_980, cloud.Node.Services.GetRequiredService<CommandBook>().CountOf(TenantId.Main));
        foreach (var device in devices)
            await device.DisposeAsync();
    }
}
