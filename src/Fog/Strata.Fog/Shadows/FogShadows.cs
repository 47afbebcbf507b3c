using System.Collections.Concurrent;
using System.Collections.Immutable;
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
internal sealed class FogShadows(string folder, ShadowLimits limits, FogShadowOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<DeviceId, ImmutableDictionary<string, FogShadow>> shadows = new();
    private readonly Lock writing = new();
    private int count;

    /// <summary>Raised after a change of which the parent is to hear.</summary>
    public event Action? Changed;

    public ShadowLimits Limits => limits;

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
                    Put(device, new FogShadow(kept.Device, kept.Name, ShadowCodec.Read(kept.Agreed), ShadowCodec.Read(kept.Current)));
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

    public Shadow Find(DeviceId device, string name) => Known(device, name)?.Current ?? Shadow.None;

    public IReadOnlyList<string> NamesOf(DeviceId device) => [.. Of(device).Keys];

    /// <summary>Those of which the parent has not heard all.</summary>
    /// <param name="except">Left out.</param>
    public IReadOnlyList<FogShadow> AllPending(int most, Func<FogShadow, bool> except) => [.. shadows.Values.SelectMany(of => of.Values).Where(s => s.IsPending && !except(s)).Take(most)];

    /// <summary>One of which the parent has not heard all; null when it has.</summary>
    public FogShadow? Pending(DeviceId device, string name) => Known(device, name) is { IsPending: true } shadow ? shadow : null;

    /// <summary>The versions of the parent's that this gateway has of a device.</summary>
    public IReadOnlyDictionary<string, long> VersionsOf(DeviceId device) => Of(device).ToDictionary(s => s.Key, s => s.Value.Agreed.Version);

    /// <summary>Lets those go whose devices are not served here any more, once the parent has heard all of them.</summary>
    /// <param name="isServed">Asked once for each device.</param>
    public void Retain(Func<DeviceId, bool> isServed)
    {
        foreach (var device in shadows.Keys.Where(d => !isServed(d)).ToList())
            foreach (var shadow in Of(device).Values.Where(s => !s.IsPending))
                Remove(device, shadow);
    }

    /// <summary>Lets one go that is as it was seen.</summary>
    /// <exception cref="IOException">The disk refused it; nothing has changed. So with an <see cref="UnauthorizedAccessException"/>.</exception>
    public void Remove(DeviceId device, FogShadow seen)
    {
        lock (writing)
        {
            if (!ReferenceEquals(Known(device, seen.Name), seen))
                return;
            File.Delete(PathOf(seen));
            count--;
            if (Of(device).Remove(seen.Name) is { IsEmpty: false } others)
                shadows[device] = others;
            else
                shadows.TryRemove(device, out _);
        }
    }

    /// <summary>Decides on an update and keeps it.</summary>
    /// <exception cref="IOException">The disk refused it; nothing has changed. So with an <see cref="UnauthorizedAccessException"/>.</exception>
    public Outcome<ShadowChange> Update(DeviceId device, string name, ShadowRequest request, in ShadowAuthor author)
    {
        Outcome<ShadowChange> decided;
        lock (writing)
        {
            var known = Known(device, name);
            decided = ShadowUpdate.Decide(known?.Current ?? Shadow.None, request, author, time.GetUtcNow().ToUnixTimeMilliseconds(), Limits);
            if (!decided.IsOk)
                return decided;
            if (known is null && (count >= options.MaxShadows || (name.Length > 0 && Of(device).Keys.Count(n => n.Length > 0) >= Limits.MaxNamed)))
                return new Problem(ProblemKind.TooMuch, $"There is no room for another shadow here: a device has {Limits.MaxNamed} named ones, the gateway {options.MaxShadows:N0} in all.");
            Keep((known ?? new FogShadow(device.Value, name, Shadow.None, Shadow.None)) with { Current = decided.Value.After }, device);
        }
        Changed?.Invoke();
        return decided;
    }

    /// <summary>Takes the parent's side.</summary>
    /// <param name="asked">As it was when the parent was told; null where it was told nothing, or took nothing of it.</param>
    /// <returns>The shadow as it is now, if what is desired of the device is another than before; else null.</returns>
    /// <exception cref="IOException">The disk refused it; nothing has changed. So with an <see cref="UnauthorizedAccessException"/>.</exception>
    public Shadow? Agree(DeviceId device, string name, Shadow parents, Shadow? asked)
    {
        lock (writing)
        {
            var here = Known(device, name);
            var known = here ?? new FogShadow(device.Value, name, Shadow.None, Shadow.None);
            // An answer that another has overtaken says nothing new, nor one that says what is agreed.
            if (parents.Version < known.Agreed.Version || (asked is null && parents.Version == known.Agreed.Version) || (here is null && count >= options.MaxShadows))
                return null;
            var next = known.Agree(parents, asked ?? known.Agreed);
            Keep(next, device);
            return ShadowNode.SameValue(known.Current.Desired.Root, next.Current.Desired.Root) ? null : next.Current;
        }
    }

    private void Keep(FogShadow shadow, DeviceId device)
    {
        PrivateFile.Write(PathOf(shadow), new FogShadowFile(shadow.Device, shadow.Name, ShadowCodec.Write(shadow.Agreed), ShadowCodec.Write(shadow.Current)), FogJson.Default.FogShadowFile);
        SafeFiles.SyncFolder(folder);
        Put(device, shadow);
    }

    private void Put(DeviceId device, FogShadow shadow)
    {
        var of = Of(device);
        if (!of.ContainsKey(shadow.Name))
            count++;
        shadows[device] = of.SetItem(shadow.Name, shadow);
    }

    private FogShadow? Known(DeviceId device, string name) => Of(device).GetValueOrDefault(name);

    private ImmutableDictionary<string, FogShadow> Of(DeviceId device) => shadows.GetValueOrDefault(device) ?? ImmutableDictionary<string, FogShadow>.Empty;

    private string PathOf(FogShadow shadow) => Path.Combine(folder, $"{shadow.Device}@{shadow.Name}.json");
}
