using System.Security.Cryptography;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Slots;
using Strata.Edge.Updates;
using Strata.Storage.Patches;

namespace Strata.Edge.Tests.Updates;

/// <summary>Where bytes come from in tests: from memory, in pieces, with connections that break.</summary>
internal sealed class MemorySource : IArtifactSource
{
    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>Bytes after which a connection breaks.</summary>
    public int BreakAfter { get; set; } = int.MaxValue;

    public bool TakesRanges { get; set; } = true;

    /// <summary>Done when a connection is opened.</summary>
    public Action Opening { get; set; } = () => { };

    public int Connections { get; private set; }

    public long Sent { get; private set; }

    public Task<ArtifactStream> OpenAsync(string url, long from, long size, CancellationToken cancellationToken)
    {
        Connections++;
        Opening();
        if (!Files.TryGetValue(url, out var bytes))
            throw new ArtifactSourceException("it answers 404", isFinal: true);
        var start = TakesRanges ? (int)from : 0;
        var count = Math.Min(bytes.Length - start, BreakAfter);
        Sent += count;
        return Task.FromResult(new ArtifactStream(new MemoryStream(bytes, start, count), start));
    }
}

/// <summary>A device with version 1.0 in its first slot, the ring of one key, and a job for version 2.0.</summary>
internal sealed class TestDevice : IDisposable
{
    public static readonly byte[] Old = [.. Enumerable.Range(0, 3_000).Select(i => (byte)(i * 7))];
    public static readonly byte[] New = [.. Old[..1_000], .. "the new version"u8, .. Old[1_100..]];

    public TestDevice(bool withDelta = false)
    {
        using (var program = Disk.Write("a/program", 0))
        {
            program.Write(Old);
            program.Sync();
        }
        Disk.Replace("keys.json", KeyRingText.Write(new KeyRing([new("k1", "ecdsa-p256", Key.ExportSubjectPublicKeyInfo(), null, null)], 1)));
        Loader.Write(SlotMachine.First(new SlotContent("1.0", Hash(Old), Old.Length, 3)));
        Source.Files[$"/artifacts/{Hash(New)}"] = New;
        var patch = BinaryPatch.Make(Old, New, default);
        Source.Files[$"/artifacts/{Hash(patch)}"] = patch;
        var delta = withDelta ? new UpdateDelta(Hash(Old), Hash(patch), patch.Length, $"/artifacts/{Hash(patch)}", BinaryPatch.Format) : null;
        Job = Make(Manifest, delta);
    }

    /// <summary>The one of the ring, <c>k1</c>.</summary>
    public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public FakeDisk Disk { get; } = new();

    public MemorySource Source { get; } = new();

    /// <summary>Other components that it was told of.</summary>
    public IReadOnlyDictionary<string, string> Has { get; init; } = new Dictionary<string, string>();

    public UpdateOptions Options => new() { Folder = "none", From = new Uri("http://none"), Model = "T-100", Hardware = "B", Has = Has };

    public SlotFile Loader => new(Disk);

    public OwnSlots Slots => new(Disk, Loader, Options.TrialStarts);

    public UpdateInstaller Installer => new(Disk, Loader, Slots, Source, Options, TimeProvider.System);

    public UpdateManifest Manifest { get; } = new()
    {
        Component = "edge", Version = "2.0", Models = ["T-100"], Counter = 4, Sha256 = Hash(New), Size = New.Length, Created = new DateTimeOffset(2026, 11, 27, 0, 0, 0, TimeSpan.Zero),
    };

    public UpdateJob Job { get; private set; }

    public UpdateJob Make(UpdateManifest manifest, UpdateDelta? delta = null, ECDsa? by = null, string id = "k1")
    {
        var bytes = ManifestWriter.Write(manifest);
        return new UpdateJob("j1", UpdateMode.Soft, bytes, [new ManifestSignature(id, "ecdsa-p256", (by ?? Key).SignData(bytes, HashAlgorithmName.SHA256))], $"/artifacts/{manifest.Sha256}", delta);
    }

    /// <summary>The job as the cloud gives it.</summary>
    public static string Text(UpdateJob job) => $$"""
        {"job":"{{job.Job}}","kind":"update","mode":"soft","manifest":"{{Convert.ToBase64String(job.Manifest)}}","artifact":{"url":"{{job.Url}}"},
         "signatures":[{{string.Join(',', job.Signatures.Select(s => $$"""{"key":"{{s.Key}}","algorithm":"{{s.Algorithm}}","signature":"{{Convert.ToBase64String(s.Signature)}}"}"""))}}]}
        """;

    public async Task InstallAsync(UpdateJob? job = null)
    {
        job ??= Job;
        var update = Installer.Check(job);
        await Installer.DownloadAsync(job, update, _ => { }, TestContext.Current.CancellationToken);
        await Installer.InstallAsync(job, update, TestContext.Current.CancellationToken);
    }

    public byte[] Program(Slot slot)
    {
        using var file = Disk.Read(SlotFile.ProgramOf(slot)) ?? throw new InvalidOperationException($"Slot {slot} is empty.");
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public void Dispose() => Key.Dispose();
}
