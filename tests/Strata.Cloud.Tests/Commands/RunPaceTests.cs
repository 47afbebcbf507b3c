using Microsoft.Extensions.Logging.Abstractions;
using Strata.Cloud.Commands;
using Strata.Cloud.Commands.Bulk;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Commands;

/// <summary>What runs do when they cannot go on, and when they cannot be begun.</summary>
public sealed class RunPaceTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_waits_while_the_tenant_has_no_room_and_refuses_nobody_for_it()
    {
        for (var i = 1; i <= 4; i++)
            await (await TestDevice.CreateAsync(cloud, $"room-{i}")).DisposeAsync();
        await using var commands = new LoneCommands(cloud, new CommandsOptions { MaxOpenOfTenant = 2 });
        await commands.StartAsync(says: false);
        await commands.StartAsync(new RunPacer(commands.Store, commands.Writer, commands.Book, commands.Desk, commands.Fleet, commands.Options, commands.Time, NullLogger<RunPacer>.Instance));
        var request = new RunCommand("id:room-*", "tick") { Rate = 100 };
        var prepared = (await commands.Runs.PrepareAsync(TenantId.Main, request, null, Cancel)).Value;
        var run = (await commands.Runs.BeginAsync(LoneCommands.Me, "test", request, prepared.Command, prepared.Devices, Cancel)).Value!;
        await commands.UntilAsync(() => Made(run.Id).Made >= 2, "the first commands of the run");
        Assert.Equal((2, 0, 4), Made(run.Id));
        Assert.True((await commands.Desk.CancelAsync(LoneCommands.Me, "room-1", run.Id, Cancel)).IsOk);
        await commands.UntilAsync(() => Made(run.Id).Made >= 3, "one more");
        Assert.Equal((3, 0, 4), Made(run.Id));

        (int Made, int Refused, int Found) Made(string id) => commands.Book.RunsOf(TenantId.Main).Single(r => r.Id == id) is var now ? (now.Made, now.Refused, now.Found) : default;
    }
}
