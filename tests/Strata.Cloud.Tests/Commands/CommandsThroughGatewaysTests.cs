using Microsoft.EntityFrameworkCore;
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

    [Fact]
    public async Task What_cannot_be_opened_any_more_is_taken_back_with_the_reason_and_holds_up_no_other()
    {
        await using var one = await TestDevice.CreateAsync(cloud, "sealed-1");
        await using var other = await TestDevice.CreateAsync(cloud, "sealed-2");
        await using var commands = new LoneCommands(cloud);
        await commands.StartAsync(says: true);
        await commands.SendAsync("sealed-1", "r-gone", new SendCommand("valve"));
        commands.Time.Advance(TimeSpan.FromMilliseconds(1)); // It is the first of the two.
        await commands.SendAsync("sealed-1", "r-next", new SendCommand("lamp"));
        await commands.SendAsync("sealed-2", "r-well", new SendCommand("lamp"));
        await LoseKeyAsync(commands, CommandRow.KeyOf("sealed-1", "r-gone"));
        commands.Way.Gateway = First;
        await commands.UntilAsync(() => Told().Count == 2, "that the others are said");
        await commands.UntilAsync(() => commands.Book.Find(TenantId.Main, "sealed-1", "r-gone") is null, "that it is over");
        Assert.Equal(["commands/lamp/r-next", "commands/lamp/r-well"], Told().Order(StringComparer.Ordinal));
        var gone = (await commands.Desk.FindAsync(TenantId.Main, "sealed-1", "r-gone", TestContext.Current.CancellationToken))!;
        Assert.Equal(("cancelled", null, 0, "taken back by the node: what it says cannot be read any more"), (gone.State, gone.Sent, gone.Attempts, gone.Reason));
        // It is shown without what it says.
        var shown = await cloud.Client.GetCommandAsync("sealed-1", "r-gone", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(("cancelled", null), (shown.State, shown.Payload));

        List<string> Told() => [.. commands.Way.Said.Select(s => s.Topic).Where(t => t.EndsWith("/r-gone", StringComparison.Ordinal) || t.EndsWith("/r-next", StringComparison.Ordinal) || t.EndsWith("/r-well", StringComparison.Ordinal))];
    }

    /// <summary>What the command says is sealed by a key that is not there.</summary>
    private static async Task LoseKeyAsync(LoneCommands commands, string key)
    {
        var id = CommandContentRow.PayloadOf(key);
        var sealedNow = SealedField.Seal(new byte[SealedField.KeyLength], new string('a', SealedField.KeyIdLength), new byte[SealedField.NonceLength], SealedField.Place(TenantId.Main, "command_contents", "content", id), "{}"u8);
        await using var context = commands.Store.Create(TenantId.Main);
        Assert.Equal(1, await context.Contents.Where(c => c.Id == id).ExecuteUpdateAsync(c => c.SetProperty(r => r.Content, sealedNow), TestContext.Current.CancellationToken));
    }

    private static CommandRow Now(LoneCommands commands, string device, string request) => commands.Book.Find(TenantId.Main, device, request)!;
}
