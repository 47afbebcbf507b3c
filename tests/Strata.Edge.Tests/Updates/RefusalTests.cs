using System.Security.Cryptography;
using System.Text;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Slots;
using Strata.Edge.Updates;

namespace Strata.Edge.Tests.Updates;

/// <summary>What a device does not install, and what it says of it.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly TestDevice device = new();

    public void Dispose() => device.Dispose();

    [Fact]
    public async Task What_came_is_corrupted_truncated_or_longer()
    {
        device.Source.Files[device.Job.Url] = [.. TestDevice.New[..^1], (byte)(TestDevice.New[^1] ^ 1)];
        await RefusedAsync(device.Job, "is not what was signed");
        device.Source.Files[device.Job.Url] = [.. TestDevice.New, 0];
        await RefusedAsync(device.Job, "has 2916 bytes, and the manifest says 2915");
        device.Source.Files[device.Job.Url] = TestDevice.New;
        await device.InstallAsync();
        Assert.Equal(TestDevice.New, device.Program(Slot.B));
    }

    [Fact]
    public async Task A_download_goes_on_where_it_broke_also_by_a_source_without_ranges()
    {
        var update = device.Installer.Check(device.Job);
        device.Source.BreakAfter = 1_000;
        await device.Installer.DownloadAsync(device.Job, update, _ => { }, TestContext.Current.CancellationToken);
        Assert.Equal((3, 2_915L), (device.Source.Connections, device.Source.Sent));
        using var other = new TestDevice { Source = { TakesRanges = false } };
        using (var part = other.Disk.Write($"download/{update.Sha256}", 0))
            part.Write(TestDevice.New.AsSpan(0, 500));
        await other.InstallAsync();
        Assert.Equal(TestDevice.New, other.Program(Slot.B));
    }

    [Fact]
    public async Task An_old_version_is_replayed() =>
        await RefusedAsync(device.Make(device.Manifest with { Version = "0.9", Counter = 2 }), "its counter is 2, and the device has confirmed 3");

    [Fact]
    public async Task It_is_signed_by_another_key_or_by_one_that_was_taken_back()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await RefusedAsync(device.Make(device.Manifest, by: other), "the signature of key 'k1' is wrong");
        await RefusedAsync(device.Make(device.Manifest, by: other, id: "k0"), "key 'k0' is not known here (never was, or was taken back)");
        device.Disk.Replace("keys.json", KeyRingText.Write(new KeyRing([new("k2", "ecdsa-p256", other.ExportSubjectPublicKeyInfo(), null, null)], 1)));
        await RefusedAsync(device.Job, "key 'k1' is not known here");
        await device.InstallAsync(device.Make(device.Manifest, by: other, id: "k2"));
    }

    [Fact]
    public async Task It_is_for_other_devices()
    {
        await RefusedAsync(device.Make(device.Manifest with { Models = ["T-200"] }), "it is for 'T-200', and this is 'T-100'");
        await RefusedAsync(device.Make(device.Manifest with { Hardware = ["A"] }), "it is for hardware 'A', and this is 'B'");
        await RefusedAsync(device.Make(device.Manifest with { Component = "os" }), "it is of the component 'os', and this program is 'edge'");
        await RefusedAsync(device.Make(device.Manifest with { From = ["1.5"] }), "the device runs 1.0");
        await RefusedAsync(device.Make(device.Manifest with { Needs = [new ComponentNeed("bootloader", "2")] }), "it needs bootloader 2 or later");
        await RefusedAsync(device.Make(device.Manifest) with { Url = $"/artifacts/{TestDevice.Hash(TestDevice.Old)}" }, "names other bytes than the manifest");
    }

    [Theory]
    [InlineData("1.9", "it needs bootloader 2.0 or later, and the device has 1.9")]
    [InlineData("2.0", null)]
    [InlineData("2.1-rc1", null)]
    public async Task It_needs_another_component_which_the_device_was_told_that_it_has(string bootloader, string? why)
    {
        using var other = new TestDevice { Has = new Dictionary<string, string> { ["bootloader"] = bootloader } };
        var job = other.Make(other.Manifest with { Needs = [new ComponentNeed("bootloader", "2.0")] });
        if (why is null)
            await other.InstallAsync(job);
        else
            Assert.Equal(why, (await Assert.ThrowsAsync<UpdateRefusedException>(() => other.InstallAsync(job))).Message);
        Assert.Equal(bootloader, other.Installer.Software()["bootloader"]);
    }

    [Fact]
    public async Task There_is_no_room()
    {
        device.Disk.Free = 1_000;
        await RefusedAsync(device.Job, "the disk is full: 2915 bytes are needed, and 1000 are free");
        Assert.Equal(-1, device.Disk.Length($"download/{device.Manifest.Sha256}"));
    }

    [Fact]
    public async Task There_is_no_room_any_more_and_neither_patch_nor_artifact_stays()
    {
        using var patched = new TestDevice(withDelta: true);
        var patch = $"download/{patched.Job.Delta!.Sha256}";
        using (var part = patched.Disk.Write(patch, 0))
            part.Write(patched.Source.Files[patched.Job.Delta.Url].AsSpan(0, 10));
        patched.Source.Opening = () => patched.Disk.Free = 0;
        var refused = await Assert.ThrowsAsync<UpdateRefusedException>(() => patched.InstallAsync());
        Assert.Equal("the disk is full: it has 2915 bytes, and 0 are free", refused.Message);
        Assert.Empty(patched.Disk.List("download"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_source_that_gives_all_and_does_not_end_is_not_waited_for(bool isIt)
    {
        var time = new WaitingTime();
        var bytes = TestDevice.New;
        var hash = TestDevice.Hash(isIt ? bytes : TestDevice.Old);
        var work = new UpdateDownload(device.Disk, new EndlessSource(bytes), time).BringAsync($"/artifacts/{hash}", hash, bytes.Length, _ => { }, TestContext.Current.CancellationToken);
        await Deadline.For(time.UntilWaitedAsync(TimeSpan.FromMinutes(1), 2), "the byte behind the last is waited for");
        time.Advance(TimeSpan.FromMinutes(1));
        if (isIt)
            Assert.Equal(bytes.Length, device.Disk.Length(await Deadline.For(work, "it is there")));
        else
            await Assert.ThrowsAsync<UpdateRefusedException>(() => Deadline.For(work, "it is refused"));
    }

    [Fact]
    public async Task The_version_before_gives_its_room_to_the_next()
    {
        await device.InstallAsync();
        device.Loader.Write(SlotMachine.Told(SlotMachine.Confirm(SlotMachine.Start(device.Loader.Read()!))));
        device.Disk.Free = 2_000;
        await RefusedAsync(device.Make(device.Manifest with { Version = "3.0", Sha256 = TestDevice.Hash([1]), Size = 1 }), "the disk is full");
        Assert.Null(device.Loader.Read()!.A);
        Assert.Equal(TestDevice.New, device.Program(Slot.B));
    }

    [Fact]
    public async Task A_patch_that_does_not_do_is_a_detour_and_no_failure()
    {
        using var patched = new TestDevice(withDelta: true);
        await patched.InstallAsync();
        Assert.Equal(TestDevice.New, patched.Program(Slot.B));
        Assert.True(patched.Source.Sent < 1_000, $"{patched.Source.Sent} bytes were sent");
        using var other = new TestDevice(withDelta: true);
        other.Source.Files[other.Job.Delta!.Url][30] ^= 1;
        await other.InstallAsync();
        Assert.Equal(TestDevice.New, other.Program(Slot.B));
    }

    [Fact]
    public async Task A_device_whose_clock_is_wrong_judges_as_any_other()
    {
        // No time is asked anywhere on the way: the manifest's own counts against the keys' validity.
        device.Disk.Replace("keys.json", device.Disk.ReadAll("keys.json", 65536)!);
        await RefusedAsync(device.Make(device.Manifest with { Created = DateTimeOffset.UnixEpoch, Models = ["T-9"] }), "it is for 'T-9'");
        await device.InstallAsync(device.Make(device.Manifest with { Created = DateTimeOffset.UnixEpoch }));
    }

    [Theory]
    [InlineData("""{"job":"j","kind":"reboot"}""", "its kind is 'reboot'")]
    [InlineData("""{"job":"j","kind":"update","mode":"later"}""", "cannot be read")]
    [InlineData("not json", "cannot be read")]
    [InlineData("""{"job":7,"signatures":[]}""", "cannot be read")]
    [InlineData("""{"job":"","signatures":[],"manifest":""}""", "its id is none")]
    [InlineData("""{"job":"a/b","signatures":[],"manifest":""}""", "its id is none")]
    [InlineData("""{"job":"+","signatures":[],"manifest":""}""", "its id is none")]
    [InlineData("""{"job":"#","signatures":[],"manifest":""}""", "its id is none")]
    [InlineData("""{"job":"a\u0000b","signatures":[],"manifest":""}""", "its id is none")]
    [InlineData("""{"job":"12345678901234567890123456789012345678901234567890123456789012345","signatures":[],"manifest":""}""", "its id is none: 1 to 64 characters")]
    [InlineData("""{"job":"j","signatures":[],"manifest":"","artifact":{"url":"http://elsewhere/x"}}""", "url is not /artifacts/")]
    public void What_is_no_job_is_none(string answer, string why) => Assert.Contains(why, Assert.Throws<FormatException>(() => UpdateJob.Read(Encoding.UTF8.GetBytes(answer))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("sha256", "\"../keys.json\"", "its patch's sha256 is no SHA-256")]
    [InlineData("sha256", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", "its patch's sha256 is no SHA-256")]
    [InlineData("sha256", "\"ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\"", "its patch's sha256 is no SHA-256")]
    [InlineData("sha256", "null", "its patch's sha256 is no SHA-256")]
    [InlineData("sha256", "\"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\"", "its patch's url names other bytes")]
    [InlineData("from", "\"../a/program\"", "its patch's from is no SHA-256")]
    [InlineData("size", "0", "its patch has 0 bytes")]
    [InlineData("size", "-1", "its patch has -1 bytes")]
    [InlineData("size", "9223372036854775807", "its patch has 9223372036854775807 bytes; 1 to 17179869184 are taken")]
    public void A_patch_that_is_no_patch_is_refused_with_its_job(string field, string value, string why)
    {
        var hash = new string('d', 64);
        Assert.Equal(hash, UpdateJob.Read(Job([]))!.Delta!.Sha256);
        Assert.Contains(why, Assert.Throws<FormatException>(() => UpdateJob.Read(Job(new() { [field] = value }))).Message, StringComparison.Ordinal);

        byte[] Job(Dictionary<string, string> other)
        {
            var fields = new Dictionary<string, string> { ["from"] = $"\"{hash}\"", ["sha256"] = $"\"{hash}\"", ["size"] = "7", ["url"] = $"\"/artifacts/{hash}\"", ["format"] = "\"bsdiff\"" };
            var delta = $"{{{string.Join(',', fields.Select(f => $"\"{f.Key}\":{other.GetValueOrDefault(f.Key, f.Value)}"))}}}";
            return Encoding.UTF8.GetBytes($$"""
                {"job":"j1","manifest":"AA==","signatures":[],"artifact":{"url":"/artifacts/{{hash}}"},"delta":{{delta}} }
                """);
        }
    }

    [Theory]
    [InlineData("../keys.json")]
    [InlineData("download/../../keys.json")]
    [InlineData("../updates-of-another/a")]
    [InlineData("")] // Stands for a whole path.
    public void No_name_leads_out_of_the_folder_of_updates(string name)
    {
        using var folder = new TemporaryFolder();
        var keys = folder.File("keys.json", "the keys of somebody else");
        name = name.Length == 0 ? keys : name;
        var updates = new UpdateFolder(Path.Combine(folder.Path, "updates") + "/");
        Assert.Throws<ArgumentException>(() => updates.Delete(name));
        Assert.Throws<ArgumentException>(() => updates.Write(name, 0));
        Assert.True(File.Exists(keys));
        Assert.Equal((Path.Combine(folder.Path, "updates"), Path.Combine(folder.Path, "updates", "a", "program")), (updates.PathOf(""), updates.PathOf("a/program")));
    }

    /// <summary>Gives its bytes, and neither more nor an end.</summary>
    private sealed class EndlessSource(byte[] bytes) : MemoryStream(bytes), IArtifactSource
    {
        public Task<ArtifactStream> OpenAsync(string url, long from, long size, CancellationToken cancellationToken) => Task.FromResult(new ArtifactStream(this, from));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (await base.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                return read;
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            return 0;
        }
    }

    private async Task RefusedAsync(UpdateJob job, string why)
    {
        var before = device.Loader.Read();
        var refused = await Assert.ThrowsAsync<UpdateRefusedException>(() => device.InstallAsync(job));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Equal((before!.Good, before[before.Good]), (device.Loader.Read()!.Good, device.Loader.Read()![before.Good]));
        Assert.Null(device.Loader.Read()!.Trial);
    }
}
