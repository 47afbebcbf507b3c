using System.Text;
using Microsoft.Extensions.Time.Testing;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Slots;
using Strata.Edge.CommandLine;
using Strata.Edge.Updates;

namespace Strata.Edge.Tests.Updates;

/// <summary>What an agent makes of a job, of a refusal, and of the time it has.</summary>
public sealed class AgentTests
{
    [Theory]
    [InlineData("""{"code":429,"message":"later"}""", true)]
    [InlineData("""{"code":503,"message":"the store"}""", true)]
    [InlineData("""{"code":404,"message":"none of yours"}""", false)]
    [InlineData("""{"code":409,"message":"over"}""", false)]
    [InlineData("""{"code":409,"message":"over","state":"failed"}""", false)]
    [InlineData("""{"code":409,"message":"over","state":"downloading"}""", true)]
    [InlineData("no JSON", false)]
    public async Task What_could_not_be_taken_just_now_or_is_another_word_is_said_again(string refusal, bool isKept)
    {
        using var device = new TestDevice();
        using var agent = new UpdateAgent(device.Options, device.Disk, device.Loader, device.Slots, device.Source, TimeProvider.System, new ListLogger());
        device.Loader.Write(SlotMachine.Fail(device.Loader.Read()!, "j1", "the disk is full", "1.0"));
        await agent.RejectedAsync("j1", Encoding.UTF8.GetBytes(refusal));
        Assert.Equal(isKept, device.Loader.Read()!.Outcome is not null);
    }

    [Theory]
    [InlineData("""{"state":"rolledBack"}""", true)]
    [InlineData("""{"state":"trial"}""", false)]
    [InlineData("{}", true)]
    [InlineData("no JSON", true)]
    public void What_has_become_of_a_job_is_told_when_that_was_answered_and_not_what_was_said_before(string answer, bool isTold)
    {
        using var device = new TestDevice();
        using var agent = new UpdateAgent(device.Options, device.Disk, device.Loader, device.Slots, device.Source, TimeProvider.System, new ListLogger());
        device.Loader.Write(device.Loader.Read()! with { Outcome = new SlotOutcome("j1", "rolledBack", "the sensor bus is silent", "1.0") });
        Assert.False(agent.Accepted("j0", Encoding.UTF8.GetBytes(answer)));
        Assert.Equal(isTold, agent.Accepted("j1", Encoding.UTF8.GetBytes(answer)));
        Assert.Equal(isTold, device.Loader.Read()!.Outcome is null);
    }

    [Fact]
    public async Task A_job_at_which_the_agent_fails_in_a_way_that_nobody_expected_has_failed_and_says_so()
    {
        using var device = new TestDevice();
        using var agent = new UpdateAgent(device.Options, device.Disk, device.Loader, device.Slots, new BrokenSource(), TimeProvider.System, new ListLogger());
        await agent.ProveAsync(TestContext.Current.CancellationToken);
        await agent.DoAsync(device.Job, TestContext.Current.CancellationToken);
        Assert.Equal(("failed", "the agent failed at it: nobody thought of this"), (device.Loader.Read()!.Outcome!.State, device.Loader.Read()!.Outcome!.Reason));
    }

    [Fact]
    public async Task Nothing_is_said_before_it_is_known_what_was_started()
    {
        using var device = new TestDevice();
        var link = new JobLink { Answer = _ => null };
        var loader = new SlowLoader(device.Slots);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var agent = new UpdateAgent(device.Options, device.Disk, device.Loader, loader, device.Source, new FakeTimeProvider(), new ListLogger());
        await device.InstallAsync();
        device.Loader.Write(SlotMachine.Start(device.Loader.Read()!));
        var serving = agent.ServeAsync(link, ending.Token);
        var proving = agent.ProveAsync(ending.Token);
        Assert.Empty(link.Said);
        device.Loader.Write(SlotMachine.Reject(device.Loader.Read()!, "the boot loader went back"));
        loader.HasBegun.SetResult(false);
        Assert.Equal("""j1/update {"state":"rolledBack","reason":"the boot loader went back","version":"1.0"}""", await link.UntilAsync(_ => true, "the agent says it"));
        await ending.CancelAsync();
        await Deadline.For(serving, "the connection is over");
        await Deadline.For(proving, "the agent knows what runs");
        Assert.DoesNotContain(link.Said, s => s.Contains("trial", StringComparison.Ordinal));
    }

    [Fact]
    public async Task However_much_is_said_of_what_nobody_has_signed_the_slots_can_be_read()
    {
        using var device = new TestDevice();
        using var agent = new UpdateAgent(device.Options, device.Disk, device.Loader, device.Slots, device.Source, TimeProvider.System, new ListLogger());
        await agent.ProveAsync(TestContext.Current.CancellationToken);
        await agent.DoAsync(device.Make(device.Manifest, id: new string('k', 100_000)), TestContext.Current.CancellationToken);
        var reason = device.Loader.Read()!.Outcome!.Reason!;
        Assert.Equal(SlotText.MaxReason, reason.Length);
        Assert.StartsWith("The manifest is not believed: no signature of it holds: key 'kkkk", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_could_not_be_read_again_is_not_written()
    {
        using var device = new TestDevice();
        var before = device.Loader.Read()!;
        Assert.Throws<InvalidDataException>(() => device.Loader.Write(before with { Outcome = new SlotOutcome(new string('j', 70_000), "failed", null, "1.0") }));
        Assert.Equal(before, device.Loader.Read());
    }

    [Fact]
    public async Task What_runs_is_said_in_the_order_in_which_it_came_to_run()
    {
        using var device = new TestDevice();
        var goes = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var link = new JobLink { SoftwareGoes = goes.Task };
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var agent = new UpdateAgent(device.Options, device.Disk, device.Loader, device.Slots, device.Source, new FakeTimeProvider(), new ListLogger());
        await device.InstallAsync();
        device.Loader.Write(SlotMachine.Start(device.Loader.Read()!));
        var serving = agent.ServeAsync(link, ending.Token);
        var proving = agent.ProveAsync(ending.Token);
        while (device.Loader.Read()!.Outcome is null)
            await Task.Yield();
        // It has time enough to say so at once.
        for (var i = 0; i < 200_000 && !proving.IsCompleted; i++)
            await Task.Yield();
        goes.SetResult();
        await link.UntilStateAsync("succeeded");
        await link.UntilServedAsync();
        // The old version, said while the new one was tried, is not said after its success.
        Assert.StartsWith("software ", link.Said.First(s => s.StartsWith("software ", StringComparison.Ordinal) || s.Contains("succeeded", StringComparison.Ordinal)), StringComparison.Ordinal);
        await ending.CancelAsync();
        await Deadline.For(serving, "the connection is over");
        await Deadline.For(proving, "the version has proved itself");
    }

    [Fact]
    public async Task Who_runs_in_the_place_of_a_version_that_was_given_up_neither_confirms_it_nor_says_that_it_is_tried()
    {
        using var device = new TestDevice();
        var (link, seen) = (new JobLink(), new SlotFile(device.Disk, Slot.A));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var agent = new UpdateAgent(device.Options, device.Disk, seen, new OwnSlots(device.Disk, seen, 2), device.Source, new FakeTimeProvider(), new ListLogger());
        await device.InstallAsync();
        device.Loader.Write(SlotMachine.Start(device.Loader.Read()!));
        var tried = device.Loader.Read();
        var serving = agent.ServeAsync(link, ending.Token);
        await Deadline.For(agent.ProveAsync(ending.Token), "the agent knows what runs");
        await link.UntilServedAsync();
        Assert.Equal((tried, "1.0"), (device.Loader.Read(), agent.Version));
        Assert.Contains("""software {"edge":"1.0"}""", link.Said);
        Assert.DoesNotContain(link.Said, s => s.Contains("/update", StringComparison.Ordinal));
        await ending.CancelAsync();
        await Deadline.For(serving, "the connection is over");
    }

    [Fact]
    public async Task A_new_version_has_the_time_that_its_job_says()
    {
        using var device = new TestDevice();
        var time = new FakeTimeProvider();
        using var agent = new UpdateAgent(device.Options, device.Disk, device.Loader, device.Slots, device.Source, time, new ListLogger());
        await device.InstallAsync(device.Job with { ConfirmWithin = TimeSpan.FromSeconds(40) });
        device.Loader.Write(SlotMachine.Start(device.Loader.Read()!));
        var proving = agent.ProveAsync(TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(39));
        Assert.False(proving.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        await proving.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Contains("within 40 s", device.Loader.Read()!.Outcome!.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("22:00", "04:00", "21:59", false)]
    [InlineData("22:00", "04:00", "22:00", true)]
    [InlineData("22:00", "04:00", "03:59", true)]
    [InlineData("22:00", "04:00", "04:00", false)]
    [InlineData("08:00", "12:00", "07:59", false)]
    [InlineData("08:00", "12:00", "11:59", true)]
    [InlineData("08:00", "12:00", "12:00", false)]
    public async Task It_installs_within_its_hours_of_the_day_also_over_midnight(string from, string until, string now, bool installs)
    {
        using var device = new TestDevice();
        var options = device.Options with { NotBefore = Clock(from), NotAfter = Clock(until) };
        using var agent = new UpdateAgent(options, device.Disk, device.Loader, device.Slots, device.Source, new FakeTimeProvider(Midnight + Clock(now).ToTimeSpan()), new ListLogger());
        Assert.Equal(installs ? null : $"it installs from {from} to {until} UTC", await agent.WhyNotYetAsync(TestContext.Current.CancellationToken));

        static TimeOnly Clock(string text) => TimeOnly.ParseExact(text, "HH:mm", System.Globalization.CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("00:00", "00:00", "--update-hours is '00:00-00:00', which is no time at all; leave it out to install at any time.")]
    [InlineData("22:00", null, "A time of the day for updates has a beginning and an end.")]
    [InlineData("22:00", "04:00", null)]
    [InlineData(null, null, null)]
    public void Hours_in_which_nothing_could_ever_be_installed_are_refused(string? from, string? until, string? why)
    {
        using var device = new TestDevice();
        Assert.Equal(why, (device.Options with { NotBefore = Clock(from), NotAfter = Clock(until) }).Validate().SingleOrDefault());

        static TimeOnly? Clock(string? text) => text is null ? null : TimeOnly.ParseExact(text, "HH:mm", System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task It_installs_when_the_operators_script_says_yes_and_says_what_it_waits_for()
    {
        using var folder = new TemporaryFolder();
        using var device = new TestDevice();
        var yes = Path.Combine(folder.Path, "yes");
        var options = device.Options with { Precondition = Script(folder, $"[ -e {yes} ] || {{ echo 'battery at 20 %'; exit 3; }}") };
        using var agent = new UpdateAgent(options, device.Disk, device.Loader, device.Slots, device.Source, TimeProvider.System, new ListLogger());
        Assert.Equal("idle ended with 3: battery at 20 %", await agent.WhyNotYetAsync(TestContext.Current.CancellationToken));
        await File.WriteAllTextAsync(yes, "");
        Assert.Null(await agent.WhyNotYetAsync(TestContext.Current.CancellationToken));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var link = new JobLink();
        var serving = agent.ServeAsync(link, ending.Token);
        await agent.ProveAsync(ending.Token);
        await link.UntilServedAsync();
        await agent.DoAsync(device.Job, ending.Token);
        await ending.CancelAsync();
        await Deadline.For(serving, "the connection is over");
        Assert.Equal("2.0", device.Loader.Read()![device.Loader.Read()!.Trial!.Slot]!.Version);
    }

    [Theory]
    [InlineData(UpdateMode.Forced, true)]
    [InlineData(UpdateMode.Soft, false)]
    public async Task Only_a_forced_job_does_not_wait_for_the_script(UpdateMode mode, bool installs)
    {
        using var folder = new TemporaryFolder();
        using var device = new TestDevice();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        // It says that it was asked, and no.
        var asked = Path.Combine(folder.Path, "asked");
        var options = device.Options with { Precondition = Script(folder, $"echo x >> {asked}; exit 1"), AskEvery = TimeSpan.FromHours(1) };
        using var agent = new UpdateAgent(options, device.Disk, device.Loader, device.Slots, device.Source, TimeProvider.System, new ListLogger());
        var link = new JobLink();
        var serving = agent.ServeAsync(link, ending.Token);
        await agent.ProveAsync(ending.Token);
        await link.UntilServedAsync();
        var work = agent.DoAsync(device.Job with { Mode = mode }, ending.Token);
        while (!work.IsCompleted && !File.Exists(asked))
            await Task.Yield();
        Assert.Equal(installs, !File.Exists(asked));
        if (!installs)
            await ending.CancelAsync();
        await work.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(installs, device.Loader.Read()!.Trial is not null);
        Assert.Equal(installs, agent.Restart.IsCompleted);
        await ending.CancelAsync();
        await Deadline.For(serving, "the connection is over");
    }

    [Theory]
    [InlineData("", "Soft", null)]
    [InlineData("\"mode\":null,\"confirmWithin\":null,", "Soft", null)]
    [InlineData("\"mode\":\"forced\",\"confirmWithin\":300,", "Forced", 300)]
    [InlineData("\"mode\":\"downloadOnly\",", "DownloadOnly", null)]
    public void A_job_says_how_it_is_done(string fields, string mode, int? seconds)
    {
        var job = UpdateJob.Read(Job(fields))!;
        Assert.Equal((Enum.Parse<UpdateMode>(mode), (double?)seconds), (job.Mode, job.ConfirmWithin?.TotalSeconds));
    }

    [Theory]
    [InlineData("\"mode\":\"sometime\",", "its mode is 'sometime'")]
    [InlineData("\"confirmWithin\":9,", "its confirmWithin is 9")]
    [InlineData("\"confirmWithin\":\"5m\",", "its confirmWithin is 5m")]
    public void A_job_that_asks_for_what_is_not_known_is_none(string fields, string why) =>
        Assert.Contains(why, Assert.Throws<FormatException>(() => UpdateJob.Read(Job(fields))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("--confirm-within 5s", "--confirm-within is '5s'; it takes 10s to 1h.")]
    [InlineData("--confirm-within soon", "--confirm-within: 'soon' is not a time span")]
    [InlineData("-- --data d --updates x", "--updates is given after --")]
    [InlineData("-- --data d --confirm-within=1m", "--confirm-within=1m is given after --")]
    [InlineData("--install-version 1.0", "There is no program in the slots yet")]
    public async Task The_supervisor_says_what_is_wrong_with_its_arguments(string arguments, string why)
    {
        using var folder = new TemporaryFolder();
        using var error = new StringWriter();
        var parsed = SuperviseCommand.Create(TimeProvider.System).Parse(["--updates", Path.Combine(folder.Path, "updates"), .. arguments.Split(' ')]);
        Assert.Equal(2, await parsed.InvokeAsync(new() { Error = error, Output = TextWriter.Null }, TestContext.Current.CancellationToken));
        Assert.Contains(why, error.ToString(), StringComparison.Ordinal);
    }

    private sealed class BrokenSource : IArtifactSource
    {
        public Task<ArtifactStream> OpenAsync(string url, long from, long size, CancellationToken cancellationToken) => throw new NotSupportedException("nobody thought of this");
    }

    private static readonly DateTimeOffset Midnight = new(2026, 11, 28, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Takes its time to say what was started.</summary>
    private sealed class SlowLoader(IBootLoader slots) : IBootLoader
    {
        public TaskCompletionSource<bool> HasBegun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> BeginAsync(CancellationToken cancellationToken) => HasBegun.Task;

        public Stream? OpenGood() => slots.OpenGood();

        public bool EmptySpare() => slots.EmptySpare();

        public Task InstallAsync(UpdateJob job, UpdateManifest update, string name, CancellationToken cancellationToken) => slots.InstallAsync(job, update, name, cancellationToken);

        public Task BreakOffAsync(CancellationToken cancellationToken) => slots.BreakOffAsync(cancellationToken);

        public Task ConfirmAsync(CancellationToken cancellationToken) => slots.ConfirmAsync(cancellationToken);

        public Task RejectAsync(string reason, CancellationToken cancellationToken) => slots.RejectAsync(reason, cancellationToken);
    }

    private static string Script(TemporaryFolder folder, string text)
    {
        var path = Path.Combine(folder.Path, "idle");
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private static byte[] Job(string fields) => Encoding.UTF8.GetBytes($$$"""
        {"job":"j1","kind":"update",{{{fields}}}"manifest":"AA==","signatures":[],"artifact":{"url":"/artifacts/{{{new string('a', 64)}}}"}}
        """);
}
