using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Storage;

namespace Strata.Fog.Downward;

/// <param name="Below">The chained gateway it goes on to; null for a device of this gateway.</param>
internal sealed record DownwardItem(DownwardMessage Message, string? Below);

/// <summary>As kept.</summary>
/// <param name="Known">Messages that were kept, with when they expire: what comes again is not kept again.</param>
internal sealed record DownwardState(IReadOnlyList<DownwardItem> Waiting, IReadOnlyDictionary<string, long> Known);

/// <summary>
/// Messages from the parent for devices of this gateway and of gateways chained to it, of one tenant: on the disk before the parent hears that they are here, and until they are delivered, passed on or
/// worth nothing any more. Safe from any thread.
/// </summary>
internal sealed class DownwardInbox(string path, DownwardOptions options, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly List<DownwardItem> waiting = [];
    private readonly Dictionary<string, long> known = new(StringComparer.Ordinal);

    /// <summary>Raised when something was kept for a gateway below.</summary>
    public event Action<GatewayId>? Added;

    public int MaxWaiting => options.MaxWaiting;

    public int MaxWaitingBytes => options.MaxWaitingBytes;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Takes what was kept.</summary>
    /// <returns>Why it could not be read; null when all is well.</returns>
    public string? Load()
    {
        var kept = PrivateFile.Read(path, FogJson.Default.DownwardState, out var damage);
        lock (gate)
        {
            waiting.AddRange(kept?.Waiting ?? []);
            foreach (var (id, expires) in kept?.Known ?? new Dictionary<string, long>())
                known[id] = expires;
        }
        return damage;
    }

    /// <summary>Keeps a message; true also for one that is known, or expired. False when there is no room.</summary>
    /// <exception cref="IOException">The disk refused it; nothing has changed.</exception>
    public bool Keep(string? below, DownwardMessage message)
    {
        lock (gate)
        {
            if (known.ContainsKey(message.Id) || message.Expires <= Now)
                return true;
            if (waiting.Count >= options.MaxWaiting || waiting.Sum(w => (long)w.Message.Payload.Length) + message.Payload.Length > options.MaxWaitingBytes)
                return false;
            var item = new DownwardItem(message, below);
            waiting.Add(item);
            known[message.Id] = message.Expires;
            try
            {
                Save();
            }
            catch
            {
                waiting.Remove(item);
                known.Remove(message.Id);
                throw;
            }
        }
        if (below is not null)
            Added?.Invoke(GatewayId.Parse(below));
        return true;
    }

    /// <summary>What waits for a gateway below, or for devices of this one; what has expired is gone.</summary>
    public IReadOnlyList<DownwardMessage> For(string? below)
    {
        lock (gate)
        {
            if (waiting.Count == 0)
                return [];
            var now = Now;
            if (waiting.RemoveAll(w => w.Message.Expires <= now) > 0)
                Save();
            return [.. waiting.Where(w => w.Below == below).Select(w => w.Message)];
        }
    }

    /// <summary>That a command was told here is in the store.</summary>
    public DownwardMessage Recorded(DownwardMessage message)
    {
        lock (gate)
        {
            var at = waiting.FindIndex(w => w.Below is null && w.Message.Id == message.Id);
            if (at < 0 || message.Told is not { } told)
                return message;
            message = message with { Told = told with { IsRecorded = true } };
            waiting[at] = new DownwardItem(message, null);
            Save();
            return message;
        }
    }

    /// <summary>Whether it waits to be said or answered.</summary>
    public bool IsWaiting(string id)
    {
        lock (gate)
            return waiting.Exists(w => w.Message.Id == id);
    }

    /// <summary>The command that a device of this gateway answers; null when none waits.</summary>
    public DownwardMessage? Find(DeviceId device, string command, string request) =>
        For(null).FirstOrDefault(m => m.Device == device.Value && m.Topic == $"commands/{command}/{request}");

    public void Remove(string? below, string id)
    {
        lock (gate)
        {
            if (waiting.RemoveAll(w => w.Below == below && w.Message.Id == id) > 0)
                Save();
        }
    }

    private void Save()
    {
        var now = Now;
        foreach (var old in known.Where(k => k.Value <= now).Select(k => k.Key).ToList())
            known.Remove(old);
        foreach (var first in known.OrderBy(k => k.Value).Take(known.Count - options.MaxKnown).Select(k => k.Key).ToList())
            known.Remove(first);
        PrivateFile.Write(path, new DownwardState([.. waiting], new Dictionary<string, long>(known)), FogJson.Default.DownwardState);
        SafeFiles.SyncFolder(Path.GetDirectoryName(path)!);
    }
}
