using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Slots;
using Strata.Storage;
using Strata.Storage.Patches;

namespace Strata.Edge.Updates;

/// <summary>
/// From a job to a new version that is about to be tried. Whatever moment the power goes, the slot that was good is untouched and is started; asked again, the same job goes on from what is on the disk.
/// </summary>
internal sealed class UpdateInstaller(IUpdateDisk disk, SlotFile slots, IBootLoader loader, IArtifactSource source, UpdateOptions options, TimeProvider time)
{
    /// <summary>Room that is left for everything else, in bytes.</summary>
    private const long Spare = 1 << 20;

    private readonly UpdateDownload download = new(disk, source, time);
    private readonly RingFile ring = new(disk);

    /// <summary>Whether the job's manifest is believed and is for this device.</summary>
    /// <exception cref="UpdateRefusedException">It is not; the message says why.</exception>
    public UpdateManifest Check(UpdateJob job)
    {
        var state = slots.Read() ?? throw new UpdateRefusedException("there is no program in the slots yet");
        var manifest = ManifestVerifier.Verify(job.Manifest, job.Signatures, ring.Read());
        if (!manifest.IsOk)
            throw new UpdateRefusedException(manifest.Problem.Detail);
        var update = manifest.Value;
        if (update.Component != options.Component && update.Component != RingUpdate.Component)
            throw new UpdateRefusedException($"it is of the component '{update.Component}', and this program is '{options.Component}'");
        if (!job.Url.EndsWith(update.Sha256, StringComparison.Ordinal))
            throw new UpdateRefusedException("the job names other bytes than the manifest");
        var most = update.Component == RingUpdate.Component ? KeyRingText.MaxBytes : options.MaxBytes;
        if (update.Size > most)
            throw new UpdateRefusedException($"it has {update.Size} bytes; this device takes {most}");
        var keys = update.Component == RingUpdate.Component || update.Needs.Any(n => n.Component == RingUpdate.Component) ? ring.Last() : ("", 0);
        if (UpdateCompatibility.Refusal(update, new UpdateTarget(
            options.Model, options.Hardware, new Dictionary<string, string>(options.Has) { [options.Component] = state[state.Good]!.Version, [RingUpdate.Component] = keys.Version },
            new Dictionary<string, long> { [options.Component] = state.Counter, [RingUpdate.Component] = keys.Counter })) is { } why)
            throw new UpdateRefusedException(why);
        return update;
    }

    /// <summary>Whether it runs already, or is the ring of keys that is here.</summary>
    public bool Runs(UpdateManifest update) => update.Component == RingUpdate.Component ? ring.Is(update) : slots.Read() is { Trial: null } state && state[state.Good]!.Sha256 == update.Sha256;

    /// <summary>Brings the artifact to the disk, by a patch where that does.</summary>
    /// <exception cref="UpdateRefusedException">It cannot be had as it was signed, or there is no room.</exception>
    public async Task DownloadAsync(UpdateJob job, UpdateManifest update, Action<double> progress, CancellationToken cancellationToken)
    {
        foreach (var other in disk.List("download").Where(n => n != UpdateDownload.NameOf(update.Sha256) && n != UpdateDownload.NameOf(job.Delta?.Sha256 ?? "")))
            disk.Delete(other);
        MakeRoom(update.Size + (job.Delta?.Size ?? 0) - Math.Max(0, disk.Length(UpdateDownload.NameOf(update.Sha256))));
        try
        {
            if (job.Delta is { } delta && await PatchAsync(delta, update, progress, cancellationToken))
                return;
            await download.BringAsync(job.Url, update.Sha256, update.Size, progress, cancellationToken);
        }
        catch (IOException e) when (SafeFiles.IsFull(e))
        {
            disk.Delete(UpdateDownload.NameOf(update.Sha256));
            if (job.Delta is { } patch)
                disk.Delete(UpdateDownload.NameOf(patch.Sha256));
            throw new UpdateRefusedException($"the disk is full: it has {update.Size} bytes, and {disk.Free} are free", e);
        }
    }

    /// <summary>What is on the device, version by component; of two slots the one that is good. Empty while nothing is in the slots.</summary>
    public IReadOnlyDictionary<string, string> Software()
    {
        if (slots.Read() is not { } state)
            return new Dictionary<string, string>();
        var software = new Dictionary<string, string>(options.Has) { [options.Component] = state[state.Good]!.Version };
        if (ring.Version is { Length: > 0 } keys)
            software[RingUpdate.Component] = keys;
        return software;
    }

    /// <summary>What the device has of the component that a job is about, whether its manifest is believed or not.</summary>
    public string VersionFor(UpdateJob job) =>
        ManifestReader.Read(job.Manifest) is { IsOk: true, Value.Component: RingUpdate.Component } ? ring.Version : slots.Read() is { } state ? state[state.Good]!.Version : "";

    /// <summary>Believes the ring of keys that was downloaded from now on, in the place of the one before.</summary>
    /// <exception cref="UpdateRefusedException">It may not take that place.</exception>
    public void ReplaceRing(UpdateJob job, UpdateManifest update)
    {
        var name = UpdateDownload.NameOf(update.Sha256);
        download.Verify(name, update.Sha256, update.Size);
        ring.Replace(job, update, name);
    }

    /// <summary>Puts what was downloaded into the spare slot and has it tried at the next start. Afterwards the program is to end, so that the other is started.</summary>
    /// <exception cref="UpdateRefusedException">It is not what was signed, or was not taken.</exception>
    public Task InstallAsync(UpdateJob job, UpdateManifest update, CancellationToken cancellationToken)
    {
        var name = UpdateDownload.NameOf(update.Sha256);
        download.Verify(name, update.Sha256, update.Size);
        cancellationToken.ThrowIfCancellationRequested(); // To read all of it takes a while, in which the job may be taken back.
        return loader.InstallAsync(job, update, name, cancellationToken);
    }

    /// <summary>Keeps it for the cloud that the job has failed.</summary>
    public void Fail(UpdateJob job, string reason) => slots.Write(SlotMachine.Fail(slots.Read()!, job.Job, reason, VersionFor(job)));

    /// <summary>False when the patch does not do: then the whole artifact is downloaded.</summary>
    private async Task<bool> PatchAsync(UpdateDelta delta, UpdateManifest update, Action<double> progress, CancellationToken cancellationToken)
    {
        var state = slots.Read()!;
        var name = UpdateDownload.NameOf(update.Sha256);
        if (delta.Format != BinaryPatch.Format || delta.From != state[state.Good]!.Sha256 || disk.Length(name) > 0)
            return disk.Length(name) == update.Size && disk.Hash(name).Sha256 == update.Sha256;
        try
        {
            using var good = loader.OpenGood();
            if (good is null)
                return false;
            var patch = await download.BringAsync(delta.Url, delta.Sha256, delta.Size, progress, cancellationToken);
            Apply(good, patch, name, update.Size, cancellationToken);
            download.Verify(name, update.Sha256, update.Size);
            disk.Delete(patch);
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or UpdateRefusedException)
        {
            disk.Delete(UpdateDownload.NameOf(delta.Sha256));
            disk.Delete(name);
            return false; // It was a shortcut.
        }
    }

    private void Apply(Stream from, string patch, string made, long size, CancellationToken cancellationToken)
    {
        using var records = disk.Read(patch)!;
        using var file = disk.Write(made, 0);
        using (var into = new DiskStream(file))
            BinaryPatch.Apply(from, records, into, size, cancellationToken);
        file.Sync();
        disk.SyncNames(made);
    }

    private void MakeRoom(long bytes)
    {
        // The version before the one that runs is given up for the one to come.
        if (bytes + Spare <= disk.Free || (loader.EmptySpare() && bytes + Spare <= disk.Free))
            return;
        throw new UpdateRefusedException($"the disk is full: {bytes} bytes are needed, and {disk.Free} are free");
    }

    /// <summary>Writes on to a file of the disk.</summary>
    private sealed class DiskStream(IUpdateFile file) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => file.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => file.Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
