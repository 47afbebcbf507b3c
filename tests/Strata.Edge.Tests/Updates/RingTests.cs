using System.Security.Cryptography;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Slots;
using Strata.Edge.Updates;

namespace Strata.Edge.Tests.Updates;

/// <summary>The ring of keys that a device believes is replaced by an update that both rings believe, or stays as it is.</summary>
public sealed class RingTests : IDisposable
{
    private readonly TestDevice device = new();
    private readonly ECDsa next = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        device.Dispose();
        next.Dispose();
    }

    [Fact]
    public async Task The_next_ring_is_believed_from_then_on_and_the_one_before_is_not()
    {
        var update = await TakeAsync(device, Job(device, Next(1)));
        Assert.Equal((true, "2", 5L), (device.Installer.Runs(update), new RingFile(device.Disk).Version, new RingFile(device.Disk).Last().Counter));
        Assert.Equal("k2", Assert.Single(new RingFile(device.Disk).Read().Keys).Id);
        Assert.Empty(device.Disk.List("download"));
        await RefusedAsync(device.Job, "key 'k1' is not known here");
        var program = device.Make(device.Manifest, by: next, id: "k2");
        await device.InstallAsync(program);
        Assert.Equal(TestDevice.New, device.Program(Slot.B));
        Assert.Equal(("2", "1.0"), (device.Installer.VersionFor(Job(device, Next(1))), device.Installer.VersionFor(program)));
    }

    [Fact]
    public async Task What_one_of_the_two_rings_does_not_believe_leaves_the_ring_as_it_is()
    {
        var ring = Next(1);
        await RefusedAsync(Job(device, ring, [Signer(device.Key, "k1")]), "Sign it with keys of both rings");
        await RefusedAsync(Job(device, ring, [Signer(next, "k2")]), "key 'k2' is not known here");
        await RefusedAsync(Job(device, Next(2)), "The ring of keys cannot be used");
        await RefusedAsync(Job(device, "{}"u8.ToArray()), "The ring of keys cannot be used");
        await RefusedAsync(Job(device, new byte[KeyRingText.MaxBytes + 1]), "it has 65537 bytes; this device takes 65536");
        await RefusedAsync(Job(device, ring, models: "T-200"), "it is for 'T-200'");
        Assert.Equal("k1", Assert.Single(new RingFile(device.Disk).Read().Keys).Id);
    }

    [Fact]
    public async Task An_older_ring_is_not_taken_back()
    {
        await TakeAsync(device, Job(device, Next(1)));
        var before = KeyRingText.Write(new KeyRing([Key(device.Key, "k1"), Key(next, "k2")], 1));
        await RefusedAsync(Job(device, before, [Signer(next, "k2")], counter: 4), "its counter is 4, and the device has confirmed 5 of keys");
        await TakeAsync(device, Job(device, before, [Signer(next, "k2")], counter: 6));
        Assert.Equal(2, new RingFile(device.Disk).Read().Keys.Count);
    }

    [Fact]
    public async Task A_ring_that_somebody_put_there_before_its_update_is_noted_all_the_same()
    {
        device.Disk.Replace("keys.json", Next(1));
        await TakeAsync(device, Job(device, Next(1)));
        Assert.Equal(("2", 5L), new RingFile(device.Disk).Last());
        await RefusedAsync(Job(device, Next(1), counter: 4), "its counter is 4, and the device has confirmed 5 of keys");
    }

    [Fact]
    public async Task A_program_can_ask_for_a_ring_and_a_damaged_note_of_it_stops_no_other_program()
    {
        await RefusedAsync(device.Make(device.Manifest with { Needs = [new ComponentNeed("keys", "2")] }), "it needs keys 2 or later");
        device.Disk.Replace("keys.update.json", "{"u8);
        Assert.Throws<InvalidDataException>(() => device.Installer.Check(Job(device, Next(1))));
        Assert.Equal("", device.Installer.VersionFor(Job(device, Next(1))));
        await device.InstallAsync();
    }

    /// <summary>After every single change of the disk, whatever was lost of what was not synced: the device has one ring or the other, whole, and the job ends well.</summary>
    [Fact]
    public async Task After_any_power_cut_the_device_has_one_of_the_two_rings()
    {
        var runs = 0;
        foreach (var cut in Enum.GetValues<Cut>())
        {
            for (var at = 1; ; at++, runs++)
            {
                using var cutDevice = new TestDevice();
                var job = Job(cutDevice, Next(1));
                cutDevice.Disk.Restart(Cut.All);
                cutDevice.Disk.Left = at;
                var isCut = false;
                try
                {
                    await TakeAsync(cutDevice, job);
                }
                catch (PowerCutException)
                {
                    cutDevice.Disk.Restart(cut);
                    cutDevice.Disk.Left = null;
                    isCut = true;
                    Assert.Contains(Assert.Single(new RingFile(cutDevice.Disk).Read().Keys).Id, new[] { "k1", "k2" });
                    await TakeAsync(cutDevice, job);
                }
                Assert.Equal(("k2", "2"), (Assert.Single(new RingFile(cutDevice.Disk).Read().Keys).Id, new RingFile(cutDevice.Disk).Version));
                if (!isCut)
                    break;
            }
        }
        Assert.True(runs > 20, $"Only {runs} cuts were made.");
    }

    /// <summary>As the agent does a job of the ring.</summary>
    private static async Task<UpdateManifest> TakeAsync(TestDevice device, UpdateJob job)
    {
        var update = device.Installer.Check(job);
        if (device.Installer.Runs(update))
            return update;
        await device.Installer.DownloadAsync(job, update, _ => { }, TestContext.Current.CancellationToken);
        device.Installer.ReplaceRing(job, update);
        return update;
    }

    private async Task RefusedAsync(UpdateJob job, string why) =>
        Assert.Contains(why, (await Assert.ThrowsAsync<UpdateRefusedException>(() => TakeAsync(device, job))).Message, StringComparison.Ordinal);

    private byte[] Next(int threshold) => KeyRingText.Write(new KeyRing([Key(next, "k2")], threshold));

    private static TrustedKey Key(ECDsa key, string id) => new(id, "ecdsa-p256", key.ExportSubjectPublicKeyInfo(), null, null);

    private static (ECDsa Key, string Id) Signer(ECDsa key, string id) => (key, id);

    private UpdateJob Job(TestDevice of, byte[] ring, (ECDsa Key, string Id)[]? by = null, long counter = 5, string models = "T-100")
    {
        var manifest = ManifestWriter.Write(new UpdateManifest
        {
            Component = "keys", Version = "2", Models = [models], Counter = counter, Sha256 = TestDevice.Hash(ring), Size = ring.Length, Created = of.Manifest.Created,
        });
        of.Source.Files[$"/artifacts/{TestDevice.Hash(ring)}"] = ring;
        return of.Job with
        {
            Manifest = manifest, Url = $"/artifacts/{TestDevice.Hash(ring)}",
            Signatures = [.. (by ?? [Signer(of.Key, "k1"), Signer(next, "k2")]).Select(s => new ManifestSignature(s.Id, "ecdsa-p256", s.Key.SignData(manifest, HashAlgorithmName.SHA256)))],
        };
    }
}
