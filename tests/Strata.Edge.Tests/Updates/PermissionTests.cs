using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Slots;
using Strata.Edge.Updates;

namespace Strata.Edge.Tests.Updates;

/// <summary>Nothing is installed before the cloud has taken it that it is.</summary>
public sealed class PermissionTests : IAsyncDisposable
{
    private static readonly TimeSpan SayAgain = TimeSpan.FromSeconds(20);
    private readonly TestDevice device = new();
    private readonly WaitingTime time = new();
    private readonly ListLogger log = new();
    private readonly CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private Task serving = Task.CompletedTask;
    private UpdateAgent? agent;

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await Deadline.For(serving, "the connection is over");
        await Deadline.For(agent!.StopAsync(), "the agent stops");
        agent.Dispose();
        ending.Dispose();
        device.Dispose();
    }

    [Fact]
    public async Task A_job_that_is_taken_back_as_it_begins_to_install_is_not_installed()
    {
        Start();
        await ServeAsync(new JobLink { Job = TestDevice.Text(device.Job), Answer = state => state == "installing" ? ("rejected", """{"code":409,"message":"it was aborted"}""") : JobLink.Takes(state) });
        await log.UntilAsync("""Job j1 was taken back: {"code":409,"message":"it was aborted"}.""");
        await Deadline.For(agent!.StopAsync(), "the job is over");
        Assert.Null(device.Loader.Read()!.Trial);
        Assert.False(agent.Restart.IsCompleted);
        Assert.Equal(TestDevice.New.Length, device.Disk.Length($"download/{device.Manifest.Sha256}"));
    }

    [Theory]
    [InlineData("""{"code":409,"message":"over"}""", true)]
    [InlineData("""{"code":409,"message":"over","state":"installing"}""", true)]
    [InlineData("""{"code":409,"message":"over","state":"downloading"}""", true)]
    [InlineData("""{"code":409,"message":"over","state":"failed"}""", false)]
    [InlineData("""{"code":409,"message":"over","state":"trial"}""", false)]
    public async Task A_job_that_is_given_again_goes_on_when_what_had_become_of_it_before_is_refused(string refusal, bool isTakenBack)
    {
        Start();
        var link = new JobLink { Job = TestDevice.Text(device.Job), Answer = state => state == "installing" ? null : JobLink.Takes(state) };
        await ServeAsync(link);
        await link.UntilStateAsync("installing");
        link.Hear("j1/update/rejected", refusal);
        link.Hear("j1/update/accepted", """{"state":"installing"}""");
        await Deadline.For(Task.WhenAny(agent!.Restart, log.UntilAsync($"Job j1 was taken back: {refusal}.")), "it is installed or taken back");
        await Deadline.For(agent.StopAsync(), "the job is over");
        Assert.Equal(isTakenBack, device.Loader.Read()!.Trial is null);
    }

    [Fact]
    public async Task What_is_answered_to_something_else_is_no_permission_and_it_is_asked_for_again()
    {
        Start();
        var asked = 0;
        var link = new JobLink { Answer = state => state != "installing" || ++asked > 2 ? JobLink.Takes(state) : asked == 1 ? JobLink.Takes("downloading") : ("rejected", """{"code":503,"message":"later"}""") };
        await ServeAsync(link);
        var work = agent!.DoAsync(device.Job, ending.Token);
        for (var again = 1; again <= 2; again++)
        {
            await Deadline.For(Task.WhenAny(work, time.UntilWaitedAsync(SayAgain, again)), "the agent waits for an answer");
            Assert.False(work.IsCompleted);
            Assert.Null(device.Loader.Read()!.Trial);
            time.Advance(SayAgain);
        }
        await Deadline.For(work, "it is installed");
        Assert.Equal((Slot.B, true), (device.Loader.Read()!.Trial!.Slot, agent.Restart.IsCompletedSuccessfully));
    }

    [Theory]
    [InlineData(UpdateMode.Soft)]
    [InlineData(UpdateMode.Forced)]
    public async Task Without_a_connection_nothing_is_installed_before_there_is_one(UpdateMode mode)
    {
        Start();
        await agent!.ProveAsync(ending.Token);
        var work = agent.DoAsync(device.Job with { Mode = mode }, ending.Token);
        await Deadline.For(Task.WhenAny(work, time.UntilWaitedAsync(SayAgain, 1)), "the agent waits for an answer");
        Assert.False(work.IsCompleted);
        Assert.Null(device.Loader.Read()!.Trial);
        await ServeAsync(new JobLink());
        time.Advance(SayAgain);
        await Deadline.For(work, "it is installed");
        Assert.Equal(Slot.B, device.Loader.Read()!.Trial!.Slot);
    }

    [Fact]
    public async Task Without_a_connection_all_of_it_is_downloaded_where_it_is_not_to_be_installed()
    {
        Start();
        await agent!.ProveAsync(ending.Token);
        await Deadline.For(agent.DoAsync(device.Job with { Mode = UpdateMode.DownloadOnly }, ending.Token), "it is downloaded");
        Assert.Equal("succeeded", device.Loader.Read()!.Outcome!.State);
    }

    [Fact]
    public async Task Who_may_install_when_the_hours_for_it_are_over_waits_for_the_next()
    {
        time.SetUtcNow(new DateTimeOffset(2027, 1, 1, 22, 30, 0, TimeSpan.Zero));
        Start(device.Options with { NotBefore = new TimeOnly(22, 0), NotAfter = new TimeOnly(23, 0) });
        await agent!.ProveAsync(ending.Token);
        var work = agent.DoAsync(device.Job, ending.Token);
        await Deadline.For(time.UntilWaitedAsync(SayAgain, 1), "the agent waits for an answer");
        time.Advance(TimeSpan.FromHours(1));
        await Deadline.For(time.UntilWaitedAsync(SayAgain, 2), "the agent waits for an answer");
        var link = new JobLink();
        await ServeAsync(link);
        time.Advance(SayAgain);
        await link.UntilAsync(s => s.Contains("it waits: it installs from 22:00 to 23:00 UTC", StringComparison.Ordinal), "the agent says what it waits for");
        Assert.False(work.IsCompleted);
        Assert.Null(device.Loader.Read()!.Trial);
    }

    private void Start(UpdateOptions? options = null) => agent = new UpdateAgent(options ?? device.Options, device.Disk, device.Loader, device.Slots, device.Source, time, log);

    private async Task ServeAsync(JobLink link)
    {
        serving = agent!.ServeAsync(link, ending.Token);
        await agent.ProveAsync(ending.Token);
        await link.UntilServedAsync();
    }
}
