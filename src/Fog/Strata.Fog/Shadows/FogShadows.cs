using System.Collections.Concurrent;
using System.Text.Json;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Storage;

namespace Strata.Fog.Shadows;

/// <summary>
/// The shadows of a tenant's devices at this gateway, a file each: on the disk before anybody hears of a change, there after a kill. Served also while the parent is away. Safe from any thread; a change
/// waits for the disk.
/// </summary>
internal sealed class FogShadows(string folder, TimeProvider time)
{
    /// <summary>Shadows of one tenant at most; beyond it a device's first is refused.</summary>
    public const int Most = 30_000;

    private readonly ConcurrentDictionary<(DeviceId Device, string Name), FogShadow> shadows = new();
    private readonly Lock writing = new();

    /// <summary>Raised after a change of which the parent is to hear.</summary>
    public event Action? Pending;

    public ShadowLimits Limits { get; } = ShadowLimits.Default;

    /// <summary>Takes what is kept.</summary>
    /// <returns>A file that could not be read, and why; null when all is well.</returns>
    public string? Load()
    {
        string? damaged = null;
        Directory.CreateDirectory(folder, PrivateFile.FolderMode);
        foreach (var path in Directory.EnumerateFiles(folder, "*.json"))
        {
            try
            {
                if (PrivateFile.Read(path, FogJson.Default.FogShadowFile, out var damage) is { } kept && DeviceId.TryParse(kept.Device, out var device))
                    shadows[(device, kept.Name)] = new FogShadow(kept.Device, kept.Name, ShadowCodec.Read(kept.Agreed), ShadowCodec.Read(kept.Current));
                else
                    damaged = $"{path}: {damage}";
            }
            catch (JsonException e)
            {
                damaged = $"{path}: {e.Message}";
            }
        }
        return damaged;
    }

    public Shadow Find(DeviceId device, string name) => shadows.TryGetValue((device, name), out var found) ? found.Current : Shadow.None;

    public IReadOnlyList<string> NamesOf(DeviceId device) => [.. shadows.Keys.Where(k => k.Device == device).Select(k => k.Name)];

    public IReadOnlyList<FogShadow> AllPending(int most) => [.. shadows.Values.Where(s => s.IsPending).Take(most)];

    /// <summary>The versions of the parent's that this gateway has of a device.</summary>
    public IReadOnlyDictionary<string, long> VersionsOf(DeviceId device) => shadows.Where(s => s.Key.Device == device).ToDictionary(s => s.Key.Name, s => s.Value.Agreed.Version);

    /// <summary>Decides on an update and keeps it.</summary>
    /// <exception cref="IOException">The disk refused it; nothing has changed.</exception>
    public Outcome<ShadowChange> Update(DeviceId device, string name, ShadowRequest request, in ShadowAuthor author)
    {
        Outcome<ShadowChange> decided;
        lock (writing)
        {
            var known = shadows.GetValueOrDefault((device, name));
            decided = ShadowUpdate.Decide(known?.Current ?? Shadow.None, request, author, time.GetUtcNow().ToUnixTimeMilliseconds(), Limits);
            if (!decided.IsOk)
                return decided;
            if (known is null && (shadows.Count >= Most || (name.Length > 0 && NamesOf(device).Count(n => n.Length > 0) >= Limits.MaxNamed)))
                return new Problem(ProblemKind.TooMuch, $"There is no room for another shadow here: a device has {Limits.MaxNamed} named ones, the gateway {Most:N0} in all.");
            Keep((known ?? new FogShadow(device.Value, name, Shadow.None, Shadow.None)) with { Current = decided.Value.After }, device);
        }
        Pending?.Invoke();
        return decided;
    }

    /// <summary>Takes the parent's side.</summary>
    /// <param name="asked">As it was when the parent was asked; null where it was not here.</param>
    /// <returns>The shadow as it is now, if what is desired of the device is another than before; else null.</returns>
    /// <exception cref="IOException">The disk refused it; nothing has changed.</exception>
    public Shadow? Agree(DeviceId device, string name, Shadow parents, Shadow? asked)
    {
        lock (writing)
        {
            var known = shadows.GetValueOrDefault((device, name)) ?? new FogShadow(device.Value, name, Shadow.None, Shadow.None);
            // An answer that another has overtaken says nothing new.
            if (parents.Version < known.Agreed.Version || (!shadows.ContainsKey((device, name)) && shadows.Count >= Most))
                return null;
            var next = known.Agree(parents, asked ?? known.Agreed);
            Keep(next, device);
            return ShadowNode.SameValue(known.Current.Desired.Root, next.Current.Desired.Root) ? null : next.Current;
        }
    }

    private void Keep(FogShadow shadow, DeviceId device)
    {
        var path = Path.Combine(folder, $"{shadow.Device}@{shadow.Name}.json");
        PrivateFile.Write(path, new FogShadowFile(shadow.Device, shadow.Name, ShadowCodec.Write(shadow.Agreed), ShadowCodec.Write(shadow.Current)), FogJson.Default.FogShadowFile);
        SafeFiles.SyncFolder(folder);
        shadows[(device, shadow.Name)] = shadow;
    }
}
