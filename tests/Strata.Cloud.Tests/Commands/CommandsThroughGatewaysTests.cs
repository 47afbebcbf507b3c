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

    [Fact]
    public async Task What_could_not_be_given_to_a_gateway_is_given_to_it_later_and_what_comes_after_it_at_once()
    {
        await using var one = await TestDevice.CreateAsync(cloud, "fault-1");
        await using var other = await TestDevice.CreateAsync(cloud, "fault-2");
        await using var commands = new LoneCommands(cloud);
        await commands.StartAsync(says: true);
        await commands.SendAsync("fault-1", "r-1", new SendCommand("valve"));
        await commands.SendAsync("fault-2", "r-2", new SendCommand("valve"));
        commands.Way.Faults = 1;
        commands.Way.Gateway = First;
        await commands.UntilAsync(() => commands.Way.Said.Count == 3, "that one of them is given again");
        await commands.UntilAsync(() => Now(commands, "fault-1", "r-1").State == "sent" && Now(commands, "fault-2", "r-2").State == "sent", "that both are sent");
        Assert.Equal([1, 2], new[] { Now(commands, "fault-1", "r-1").Attempts, Now(commands, "fault-2", "r-2").Attempts }.Order());
    }

    [Fact]
    public async Task After_a_write_that_failed_what_was_written_as_sent_is_given_to_its_gateway_again()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "doubt-1");
        await using var commands = new LoneCommands(cloud);
        await commands.StartAsync(says: true);
        commands.Way.Gateway = First;
        await commands.SendAsync("doubt-1", "r-doubt", new SendCommand("valve"));
        await commands.UntilAsync(() => Told() == 1, "that the gateway is given it");
        Assert.False((await commands.Writer.DoAsync<bool>(TenantId.Main, static _ => throw new IOException("The database is away."), TestContext.Current.CancellationToken)).IsOk);
        await commands.UntilAsync(() => Told() == 2, "that the gateway is given it again");

        int Told() => commands.Way.Said.Count(s => s.Topic == "commands/valve/r-doubt");
    }

    private static CommandRow Now(LoneCommands commands, string device, string request) => commands.Book.Find(TenantId.Main, device, request)!;
}
