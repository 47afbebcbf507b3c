using Strata.Core.Updates.Slots;

namespace Strata.Edge.Tests.Updates;

/// <summary>
/// The device's whole update with a power cut after every single change of its disk, and with a second one after every change since: whatever was lost of what was not synced, the device starts a program that is whole, and the cloud
/// hears what became of the job.
/// </summary>
public sealed class PowerCutTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task After_any_cut_the_device_starts_and_says_what_became_of_the_update(bool isGood, bool withDelta)
    {
        var runs = 0;
        foreach (var cut in Enum.GetValues<Cut>())
        {
            for (var at = 1; ; at++, runs++)
            {
                var (said, running, cuts) = await LiveAsync(isGood, withDelta, cut, [at]);
                Assert.Equal(isGood ? ("succeeded", "2.0") : ("rolledBack", "1.0"), (said.State, said.Version));
                Assert.Equal(isGood ? TestDevice.New : TestDevice.Old, running);
                if (cuts == 0)
                    break;
            }
        }
        Assert.True(runs > 60, $"Only {runs} cuts were made.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} power cuts");
    }

    /// <summary>Two cuts may spend both starts of a good version: then the one before runs, and that is said.</summary>
    [Fact]
    public async Task After_any_two_cuts_too()
    {
        var runs = 0;
        foreach (var cut in Enum.GetValues<Cut>())
        {
            for (var first = 1; ; first++)
            {
                var cuts = 0;
                for (var second = 1; ; second++, runs++)
                {
                    (var said, var running, cuts) = await LiveAsync(isGood: true, withDelta: false, cut, [first, second]);
                    Assert.Contains((said.State, said.Version), new[] { ("succeeded", "2.0"), ("rolledBack", "1.0") });
                    Assert.Equal(said.Version == "2.0" ? TestDevice.New : TestDevice.Old, running);
                    if (cuts < 2)
                        break;
                }
                if (cuts == 0)
                    break;
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} pairs of power cuts");
    }

    /// <summary>The device's life until the cloud has heard the end of the job, the supervisor's part and the agent's.</summary>
    /// <param name="cuts">After how many changes the power goes, the second counted from the first.</param>
    private static async Task<(SlotOutcome Said, byte[] Running, int Cuts)> LiveAsync(bool isGood, bool withDelta, Cut cut, int[] cuts)
    {
        using var device = new TestDevice(withDelta);
        var made = 0;
        device.Disk.Restart(Cut.All);
        device.Disk.Left = cuts[0];
        for (var starts = 0; starts < 30; starts++)
        {
            try
            {
                if (await StartAsync(device, isGood) is { } said)
                {
                    device.Disk.Left = null;
                    return (said, device.Program(device.Loader.Read()!.Good), made);
                }
            }
            catch (PowerCutException)
            {
                device.Disk.Restart(cut);
                made++;
                device.Disk.Left = made < cuts.Length ? cuts[made] : null;
            }
        }
        throw new InvalidOperationException($"The cloud has heard nothing after 30 starts: {device.Loader.Read()}.");
    }

    private static async Task<SlotOutcome?> StartAsync(TestDevice device, bool isGood)
    {
        var before = device.Loader.Read()!;
        var state = SlotMachine.Start(before);
        if (state != before)
            device.Loader.Write(state);
        var slot = SlotMachine.Started(state);
        Assert.Equal(state[slot]!.Sha256, TestDevice.Hash(device.Program(slot))); // What is started is whole, always.
        if (state.Trial is { Started: true })
            device.Loader.Write(state = isGood ? SlotMachine.Confirm(state) : SlotMachine.Reject(state, "its self-test fails"));
        if (state.Outcome is { } outcome)
        {
            device.Loader.Write(SlotMachine.Told(state));
            return outcome;
        }
        if (device.Installer.Runs(device.Manifest))
            return new SlotOutcome("j1", "succeeded", null, "2.0"); // Said before, and not heard.
        await device.InstallAsync();
        return null;
    }
}
