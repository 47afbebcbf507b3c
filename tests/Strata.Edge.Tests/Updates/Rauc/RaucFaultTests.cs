using Microsoft.Extensions.Time.Testing;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Slots;
using Strata.Edge.Updates;
using Strata.Edge.Updates.Rauc;

namespace Strata.Edge.Tests.Updates.Rauc;

/// <summary>RAUC that hangs, talks nonsense or is not there; and the power, cut after every change of the disk.</summary>
public sealed class RaucFaultTests : IDisposable
{
    private static readonly UpdateManifest Update = new()
    {
        Component = "os", Version = "2.0", Models = ["T-100"], Counter = 4, Sha256 = TestDevice.Hash(TestDevice.New), Size = TestDevice.New.Length, Created = default,
    };

    private readonly TemporaryFolder folder = new();
    private readonly FakeDisk disk = new();
    private string boot = "first";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private SlotFile Slots => new(disk);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task An_installation_that_does_not_end_fails_when_RAUC_is_idle_again_and_is_not_started()
    {
        var rauc = new FakeRauc(folder.Path, install: "echo b >primary; echo x >installing; exec sleep 600");
        var time = new FakeTimeProvider();
        await LoaderOf(rauc, time).BeginAsync(Cancel);
        var installing = InstallAsync(LoaderOf(rauc, time));
        while (!File.Exists(Path.Combine(folder.Path, "installing")))
            await Task.Yield();
        time.Advance(TimeSpan.FromHours(1));
        var refused = await Assert.ThrowsAsync<UpdateRefusedException>(() => Deadline.For(installing, "the installation is given up"));
        Assert.Contains("it has not answered within 3600 s", refused.Message, StringComparison.Ordinal);
        Assert.Equal("a", rauc.Get("primary"));
        Assert.Null(Slots.Read()!.Trial);
    }

    [Fact]
    public async Task An_installation_whose_job_is_taken_back_is_not_started_and_the_next_job_is_done()
    {
        var rauc = new FakeRauc(folder.Path, install: "echo b >primary; echo x >installing; exec sleep 600");
        await WorkAsync(rauc, () => boot, async (device, agent) =>
        {
            using var job = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var work = agent.DoAsync(device.Job, job.Token);
            while (!work.IsCompleted && !File.Exists(Path.Combine(folder.Path, "installing")))
                await Task.Yield();
            await job.CancelAsync();
            await Deadline.For(work, "the installation is broken off");
            Assert.Equal("a", rauc.Get("primary"));
            Assert.Null(device.Loader.Read()!.Trial);
            rauc.Set("on-install", "echo 3 >b; echo b >primary");
            await Deadline.For(agent.DoAsync(device.Job, Cancel), "it is installed");
            Assert.Equal((boot, "b"), (device.Loader.Read()!.Trial!.Boot, rauc.Get("primary")));
        });
    }

    [Fact]
    public async Task An_installation_that_could_not_be_noted_is_not_started()
    {
        var rauc = new FakeRauc(folder.Path);
        await WorkAsync(rauc, () => rauc.Get("primary") == "b" ? throw new IOException("the disk is failing") : boot, async (device, agent) =>
        {
            await Deadline.For(agent.DoAsync(device.Job, Cancel), "the job has failed");
            Assert.Equal(("a", "failed", "the device cannot write it: the disk is failing"), (rauc.Get("primary"), device.Loader.Read()!.Outcome!.State, device.Loader.Read()!.Outcome!.Reason));
            Assert.Null(device.Loader.Read()!.Trial);
        });
    }

    [Theory]
    [InlineData("echo '{\"slots\":[]}'", "it does not know which slot the machine runs from")]
    [InlineData("echo '{\"slots\":[{\"rescue.0\":{\"class\":\"rescue\",\"bootname\":\"R\",\"state\":\"booted\"}}]}'", "the machine runs from rescue.0, of whose class it can be started from 1; two are needed")]
    [InlineData("echo no JSON", "its status cannot be read")]
    [InlineData("echo it is broken >&2; exit 1", "RAUC does not say its status: it is broken")]
    [InlineData("exit 3", "RAUC does not say its status: it ended with 3")]
    public async Task What_is_no_status_is_said(string status, string why) =>
        Assert.Contains(why, (await Assert.ThrowsAsync<BootLoaderException>(() => LoaderOf(new FakeRauc(folder.Path, status: status), TimeProvider.System).BeginAsync(Cancel))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_RAUC_that_is_not_there_is_said_at_the_start()
    {
        Assert.Contains("apt-get install rauc rauc-service", Assert.Throws<EdgeConfigurationException>(() => RaucCommand.Find(new RaucOptions { Program = "no-such-rauc" }, TimeProvider.System)).Message, StringComparison.Ordinal);
        Assert.Contains("there is no program '/nowhere/rauc'", Assert.Throws<EdgeConfigurationException>(() => RaucCommand.Find(new RaucOptions { Program = "/nowhere/rauc" }, TimeProvider.System)).Message, StringComparison.Ordinal);
    }

    /// <summary>As <see cref="PowerCutTests"/>, with RAUC in the place of the supervisor: the machine always starts a system that is whole, what it runs in the end is what the cloud hears, and no system is kept that was not confirmed.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_any_power_cut_the_machine_runs_what_the_cloud_hears(bool isGood)
    {
        var cuts = 0;
        foreach (var cut in Enum.GetValues<Cut>())
        {
            for (var at = 1; ; at++, cuts++)
            {
                var (said, runs, wasCut) = await LiveAsync(isGood, cut, at);
                Assert.Equal(isGood ? ("succeeded", "2.0", "b") : ("rolledBack", "0", "a"), (said.State, said.Version, runs));
                if (!wasCut)
                    break;
            }
        }
        Assert.True(cuts > 40, $"Only {cuts} cuts were made.");
    }

    /// <summary>An agent on a device where RAUC has the slots, with a cloud that takes everything and does not answer that a job has failed.</summary>
    private async Task WorkAsync(FakeRauc rauc, Func<string> bootId, Func<TestDevice, UpdateAgent, Task> work)
    {
        using var device = new TestDevice();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var loader = new RaucSlots(device.Disk, device.Loader, new RaucCommand(new RaucOptions { Program = rauc.Program }, TimeProvider.System), 3, _ => folder.File("bundle", "a system"), bootId, TimeProvider.System, new ListLogger());
        using var agent = new UpdateAgent(device.Options, device.Disk, device.Loader, loader, device.Source, TimeProvider.System, new ListLogger());
        // What has become of a job stays in the slots to be looked at.
        var link = new JobLink { Answer = state => state == "failed" ? null : JobLink.Takes(state) };
        var serving = agent.ServeAsync(link, ending.Token);
        await agent.ProveAsync(ending.Token);
        await link.UntilServedAsync();
        await work(device, agent);
        await ending.CancelAsync();
        await Deadline.For(serving, "the connection is over");
    }

    private async Task<(SlotOutcome Said, string Runs, bool WasCut)> LiveAsync(bool isGood, Cut cut, int at)
    {
        using var machine = new TemporaryFolder();
        var (rauc, own, wasCut) = (new FakeRauc(machine.Path), new FakeDisk(), false);
        own.Left = at;
        for (var starts = 0; starts < 20; starts++)
        {
            boot = $"start {starts}";
            try
            {
                var runs = rauc.Boot();
                if (await RunAsync(rauc, own, isGood) is { } said)
                    return (said, runs, wasCut);
            }
            catch (PowerCutException)
            {
                own.Restart(cut);
                wasCut = true;
            }
        }
        throw new InvalidOperationException($"The cloud has heard nothing after 20 starts: {new SlotFile(own).Read()}.");
    }

    /// <summary>What the agent does from a start of the machine to the next; gives what it tells the cloud.</summary>
    private async Task<SlotOutcome?> RunAsync(FakeRauc rauc, FakeDisk own, bool isGood)
    {
        var (slots, loader) = (new SlotFile(own), LoaderOf(rauc, TimeProvider.System, own));
        if (await loader.BeginAsync(Cancel))
            return null;
        if (slots.Read()!.Trial is { Started: true })
        {
            if (!isGood)
            {
                await loader.RejectAsync("its self-test fails", Cancel);
                return null;
            }
            await loader.ConfirmAsync(Cancel);
        }
        var state = slots.Read()!;
        if (state.Outcome is { } outcome)
        {
            slots.Write(SlotMachine.Told(state));
            return outcome;
        }
        if (state[state.Good]!.Sha256 == Update.Sha256)
            return new SlotOutcome("j1", "succeeded", null, "2.0"); // Said before, and not heard.
        await InstallAsync(loader);
        return null;
    }

    private RaucSlots LoaderOf(FakeRauc rauc, TimeProvider time, FakeDisk? on = null)
    {
        var of = on ?? disk;
        return new RaucSlots(of, new SlotFile(of), new RaucCommand(new RaucOptions { Program = rauc.Program }, time), 3, _ => folder.File("bundle", "a system"), () => boot, time, new ListLogger());
    }

    private static Task InstallAsync(RaucSlots loader) => loader.InstallAsync(new UpdateJob("j1", UpdateMode.Soft, [], [], "", null), Update, $"download/{Update.Sha256}", Cancel);
}
