using System.Security.Cryptography;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Slots;
using Strata.Edge.Updates;
using Strata.Edge.Updates.Rauc;

namespace Strata.Edge.Tests.Updates.Rauc;

/// <summary>A whole system by a real RAUC: a real bundle, signed by a key of the test, into slots that are files, with a boot loader that is a script.</summary>
public sealed class RaucTests : IAsyncLifetime
{
    private static readonly byte[] New = RandomNumberGenerator.GetBytes(100_000);
    private readonly TemporaryFolder folder = new();
    private readonly ListLogger log = new();
    private RaucMachine machine = null!;
    private UpdateFolder disk = null!;
    private SlotFile slots = null!;

    /// <summary>Of the start of the machine.</summary>
    private string boot = "first";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        machine = await RaucMachine.StartAsync();
        disk = new UpdateFolder(folder.Path);
        slots = new SlotFile(disk);
    }

    public async ValueTask DisposeAsync()
    {
        if (machine is not null)
            await machine.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_system_is_installed_started_on_trial_and_confirmed()
    {
        await machine.RequireMountsAsync();
        await FirstStartAsync();
        await InstallAsync();
        Assert.Equal(New, machine.System("B", New.Length));
        Assert.Equal("B", machine.Primary);
        Assert.True(await StartAgentAsync(), "what was written waits for the machine's start");

        await RestartAsync();
        Assert.False(await StartAgentAsync());
        Assert.Equal((Slot.B, true), (slots.Read()!.Trial!.Slot, slots.Read()!.Trial!.Started));
        await Loader.ConfirmAsync(Cancel);
        Assert.Equal(("B", 3, "B"), (machine.Booted, machine.TriesOf("B"), machine.Primary));
        Assert.Equal((new SlotOutcome("j1", "succeeded", null, "2.0"), Slot.B, 4L), (slots.Read()!.Outcome, slots.Read()!.Good, slots.Read()!.Counter));

        slots.Write(SlotMachine.Told(slots.Read()!));
        await RestartAsync();
        Assert.Equal(2, machine.TriesOf("B"));
        Assert.Equal((false, "B"), (await StartAgentAsync(), machine.Booted));
        Assert.Equal((3, (SlotTrial?)null), (machine.TriesOf("B"), slots.Read()!.Trial)); // Or it were given up after so many starts.
    }

    [Fact]
    public async Task One_that_does_not_prove_itself_goes_back_and_says_so_when_it_has()
    {
        await machine.RequireMountsAsync();
        await FirstStartAsync();
        await InstallAsync();
        await RestartAsync();
        await StartAgentAsync();
        await Loader.RejectAsync("its self-test fails", Cancel);
        Assert.Equal((0, "A"), (machine.TriesOf("B"), machine.Primary));
        Assert.Null(slots.Read()!.Outcome);
        Assert.True(await StartAgentAsync(), "the machine is to be started again");

        await RestartAsync();
        Assert.Equal((false, "A"), (await StartAgentAsync(), machine.Booted));
        Assert.Equal(new SlotOutcome("j1", "rolledBack", "its self-test fails", "0"), slots.Read()!.Outcome);
    }

    [Fact]
    public async Task One_with_which_the_machine_does_not_come_up_is_given_up_by_the_boot_loader()
    {
        await machine.RequireMountsAsync();
        await FirstStartAsync();
        await InstallAsync();
        await RestartAsync(comesUp: false);
        Assert.Equal((false, "A"), (await StartAgentAsync(), machine.Booted));
        Assert.Equal(("rolledBack", "0"), (slots.Read()!.Outcome!.State, slots.Read()!.Outcome!.Version));
        Assert.Contains("the machine did not come up with it", slots.Read()!.Outcome!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_ends_again_and_again_on_trial_is_given_up()
    {
        await machine.RequireMountsAsync();
        await FirstStartAsync();
        await InstallAsync();
        await RestartAsync();
        Assert.Equal((false, false, true), (await StartAgentAsync(), await StartAgentAsync(), await StartAgentAsync()));
        Assert.Equal((0, "A"), (machine.TriesOf("B"), machine.Primary));
    }

    [Theory]
    [InlineData("signature", "signature verification failed")]
    [InlineData("compatible", "Compatible mismatch: Expected 'strata-test' but bundle manifest has 'another-board'")]
    [InlineData("garbage", "Invalid bundle format")]
    public async Task A_bundle_that_RAUC_refuses_changes_nothing_and_its_reason_is_told(string what, string why)
    {
        if (what == "compatible")
            await machine.RequireMountsAsync();
        await FirstStartAsync();
        var before = slots.Read();
        var bundle = what switch
        {
            "signature" => await machine.BundleAsync(what, New, "2.0", isOurs: false),
            "compatible" => await machine.BundleAsync(what, New, "2.0", compatible: "another-board"),
            _ => folder.File("garbage.raucb", new string('x', 20_000)),
        };
        var refused = await Assert.ThrowsAsync<UpdateRefusedException>(() => InstallAsync(bundle));
        Assert.StartsWith("RAUC does not install it: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Equal((before, "A"), (slots.Read(), machine.Primary));
    }

    [Fact]
    public async Task An_installation_that_was_broken_off_is_not_started()
    {
        await machine.RequireMountsAsync();
        await FirstStartAsync();
        var before = slots.Read()!;
        await InstallAsync();
        slots.Write(SystemSlots.Write(before, new SlotContent("2.0", "", 0, 4), "j1", 2, null)); // The agent was ended before RAUC's word came.
        Assert.Equal((false, "A"), (await StartAgentAsync(), machine.Primary));
        Assert.Equal(before, slots.Read());
        await InstallAsync();
        await RestartAsync();
        Assert.Equal("B", machine.Booted);
    }

    [Fact]
    public async Task A_system_that_somebody_else_has_installed_is_taken_as_it_is()
    {
        await machine.RequireMountsAsync();
        await FirstStartAsync();
        var (code, said) = await ForeignTool.RunAsync(machine.Program, "install", await machine.BundleAsync("by-hand", New, "1.7"));
        Assert.True(code == 0, said);
        await RestartAsync();
        Assert.False(await StartAgentAsync());
        Assert.Equal((Slot.B, "1.7"), (slots.Read()!.Good, slots.Read()![Slot.B]!.Version));
    }

    [Fact]
    public async Task While_RAUC_does_not_answer_nothing_is_decided()
    {
        await FirstStartAsync();
        await machine.StopServiceAsync();
        Assert.Contains("RAUC does not say its status", (await Assert.ThrowsAsync<BootLoaderException>(() => StartAgentAsync())).Message, StringComparison.Ordinal);
        await machine.StartServiceAsync();
        Assert.False(await StartAgentAsync());
    }

    private RaucSlots Loader => new(disk, slots, new RaucCommand(new RaucOptions { Program = machine.Program }, TimeProvider.System), 2, disk.PathOf, () => boot, TimeProvider.System, log);

    private Task<bool> StartAgentAsync() => Loader.BeginAsync(Cancel);

    private async Task FirstStartAsync()
    {
        Assert.False(await StartAgentAsync());
        Assert.Equal((Slot.A, "0"), (slots.Read()!.Good, slots.Read()![Slot.A]!.Version));
    }

    private Task RestartAsync(bool comesUp = true)
    {
        boot = Guid.NewGuid().ToString();
        return machine.RestartAsync(comesUp);
    }

    private async Task InstallAsync(string? bundle = null)
    {
        bundle ??= await machine.BundleAsync($"good-{Guid.NewGuid():N}", New, "2.0");
        var bytes = await File.ReadAllBytesAsync(bundle, Cancel);
        var manifest = new UpdateManifest { Component = "os", Version = "2.0", Models = ["T-100"], Counter = 4, Sha256 = TestDevice.Hash(bytes), Size = bytes.Length, Created = default };
        using (var file = disk.Write($"download/{manifest.Sha256}", 0))
            file.Write(bytes);
        await Loader.InstallAsync(new UpdateJob("j1", UpdateMode.Soft, [], [], "", null), manifest, $"download/{manifest.Sha256}", Cancel);
    }
}
