using Microsoft.Extensions.Logging.Abstractions;
using Strata.Cloud.Commands;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Running;
using Strata.Cloud.Commands.Schedules;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Commands;
using Strata.Core.Tenancy;
using Strata.Mqtt;

namespace Strata.Cloud.Tests.Commands;

/// <summary>Who waits for a command's end, and when schedules are looked at.</summary>
public sealed class CommandNewsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task As_many_wait_as_may_and_who_leaves_makes_room()
    {
        using var news = new CommandNews(new TenantNews(new Lazy<MqttBroker>(() => throw new InvalidOperationException("nothing is told here"))), new CommandsOptions { MaxWaiting = 2 }, NullLogger<CommandNews>.Instance);
        using var first = news.TryWait(TenantId.Main, "d/r")!;
        using (var second = news.TryWait(TenantId.Main, "d/r"))
        {
            Assert.NotNull(second);
            Assert.Null(news.TryWait(TenantId.Main, "other/r"));
        }
        using var third = news.TryWait(TenantId.Main, "d/r")!;
        var row = Row("succeeded");
        news.Tell(TenantId.Main, row with { State = "running", Ended = null });
        Assert.False(first.End.IsCompleted);
        news.Tell(TenantId.Parse("acme"), row);
        Assert.False(first.End.IsCompleted);
        news.Tell(TenantId.Main, row);
        Assert.Equal((row, row), (await first.End, await third.End));
    }

    [Fact]
    public void What_changes_while_schedules_are_looked_at_is_looked_at_again()
    {
        var clock = new ScheduleClock();
        Assert.Empty(clock.Due(Now));
        clock.Changed(TenantId.Main);
        Assert.Equal([TenantId.Main], clock.Due(Now));
        clock.Begin(TenantId.Main);
        clock.End(TenantId.Main, Now.AddMinutes(1));
        Assert.Empty(clock.Due(Now));
        Assert.Equal([TenantId.Main], clock.Due(Now.AddMinutes(1)));
        clock.Begin(TenantId.Main);
        clock.Changed(TenantId.Main);
        clock.End(TenantId.Main, Now.AddHours(1));
        Assert.Equal([TenantId.Main], clock.Due(Now));
        clock.Begin(TenantId.Main);
        clock.End(TenantId.Main, null);
        Assert.Empty(clock.Due(DateTimeOffset.MaxValue));
    }

    private static CommandRow Row(string state) => new()
    {
        TenantId = TenantId.Main.Value, Key = "d/r", Device = "d", Request = "r", Name = "ping", Digest = "", State = state, Created = Now, Expires = Now, AnswerWithin = TimeSpan.FromMinutes(1), MaxAttempts = 3,
        RetryAfter = TimeSpan.FromSeconds(5), Priority = 0, Actor = "admin", Ended = CommandStates.TryParse(state, out var at) && !at.IsUnderWay() ? Now : null,
    };
}
