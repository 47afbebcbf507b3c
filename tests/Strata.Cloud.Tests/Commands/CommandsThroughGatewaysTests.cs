using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Commands;

/// <summary>How commands are given to gateways.</summary>
public sealed class CommandsThroughGatewaysTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static readonly GatewayId First = GatewayId.Parse("gw-a");
    private static readonly GatewayId Second = GatewayId.Parse("gw-b");

    [Fact]
    public async Task A_command_goes_with_its_device_to_another_gateway()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "moved-1");
        await using var commands = new LoneCommands(cloud);
        await commands.StartAsync(says: true);
        commands.Way.Gateway = First;
        await commands.SendAsync("moved-1", "r-1", new SendCommand("valve"));
        await commands.UntilAsync(() => commands.Way.Said.Count == 1, "that the first gateway is given it");
        commands.Way.Gateway = Second;
        await commands.UntilAsync(() => commands.Way.Said.Count == 2, "that the second gateway is given it");
        await commands.UntilAsync(() => Now(commands, "moved-1", "r-1").Gateway == "gw-b", "that it is known where it is");
        Assert.Equal([("commands/valve/r-1", First), ("commands/valve/r-1", Second)], commands.Way.Said.Select(s => (s.Topic, s.Gateway!.Value)));
    }

    [Fact]
    public async Task A_gateway_is_told_until_when_it_may_say_a_command_first_whatever_the_time_for_the_answer()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "until-1");
        await using var commands = new LoneCommands(cloud);
        await commands.StartAsync(says: true);
        commands.Way.Gateway = First;
        await commands.SendAsync("until-1", "r-1", new SendCommand("valve") { Expires = TimeSpan.FromSeconds(30), AnswerWithin = TimeSpan.FromMinutes(10) });
        var expires = Now(commands, "until-1", "r-1").Expires;
        await commands.UntilAsync(() => commands.Way.Said.Count == 1, "that the gateway is given it");
        Assert.Equal(expires, commands.Way.Said.Single().Expires);
        Assert.True(Now(commands, "until-1", "r-1").AnswerBy > expires);
    }

    private static CommandRow Now(LoneCommands commands, string device, string request) => commands.Book.Find(TenantId.Main, device, request)!;
}
