using Strata.Edge.Updates;

namespace Strata.Edge.Tests.Updates;

/// <summary>The power went.</summary>
internal sealed class PowerCutException() : Exception("The power went.");

/// <summary>What of that which was not synced is there after a power cut.</summary>
internal enum Cut
{
    /// <summary>Nothing: neither bytes nor names.</summary>
    Nothing,

    /// <summary>All of it.</summary>
    All,

    /// <summary>Names, with half of the bytes behind them.</summary>
    NamesAndHalfOfTheBytes,
}

/// <summary>A disk that stops after its n-th change; what was not synced may be lost then.</summary>
internal sealed class FakeDisk : IUpdateDisk
{
    private Dictionary<string, Node> names = [];
    private Dictionary<string, Node> durable = [];

    /// <summary>Changes that are still made; null: as many as are asked.</summary>
    public int? Left { get; set; }

    /// <summary>Changes that were made.</summary>
    public int Made { get; private set; }

    public long Free { get; set; } = long.MaxValue;

    /// <summary>Bytes that all files together may have.</summary>
    public long Quota { get; set; } = long.MaxValue;

    public Stream? Read(string name) => names.TryGetValue(name, out var node) ? new MemoryStream([.. node.Bytes], writable: false) : null;

    public long Length(string name) => names.TryGetValue(name, out var node) ? node.Bytes.Count : -1;

    public IUpdateFile Write(string name, long keep)
    {
        if (!names.TryGetValue(name, out var node))
            names[name] = node = new Node();
        node.Bytes = [.. node.Bytes.Take((int)keep)];
        Change();
        return new OpenFile(this, node);
    }

    public void Rename(string from, string to)
    {
        names[to] = names[from];
        names.Remove(from);
        Change();
    }

    public void Delete(string name)
    {
        if (names.Remove(name))
            Change();
    }

    public void SyncNames(string name)
    {
        // Of all folders at once: a real one may do that too.
        durable = new(names);
        Change();
    }

    public IReadOnlyList<string> List(string folder) => [.. names.Keys.Where(n => n.StartsWith(folder + "/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>The device starts again.</summary>
    public void Restart(Cut cut)
    {
        if (cut == Cut.Nothing)
            names = new(durable);
        foreach (var node in names.Values)
        {
            if (cut == Cut.Nothing)
                node.Bytes = [.. node.Synced];
            else if (cut == Cut.NamesAndHalfOfTheBytes && !node.Synced.SequenceEqual(node.Bytes))
                node.Bytes = [.. node.Bytes.Take((node.Synced.Length + node.Bytes.Count) / 2)];
            node.Synced = [.. node.Bytes];
        }
        durable = new(names);
    }

    private void Change()
    {
        Made++;
        if (Left is not { } left)
            return;
        if (left <= 1)
        {
            Left = null;
            throw new PowerCutException();
        }
        Left = left - 1;
    }

    private sealed class Node
    {
        public List<byte> Bytes { get; set; } = [];

        public byte[] Synced { get; set; } = [];
    }

    private sealed class OpenFile(FakeDisk disk, Node node) : IUpdateFile
    {
        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (bytes.Length > disk.Free || bytes.Length > disk.Quota - disk.names.Values.Sum(n => (long)n.Bytes.Count))
                throw new IOException("No space left on device", 28);
            node.Bytes.AddRange(bytes);
            disk.Change();
        }

        public void Sync()
        {
            node.Synced = [.. node.Bytes];
            disk.Change();
        }

        public void Dispose()
        {
        }
    }
}
