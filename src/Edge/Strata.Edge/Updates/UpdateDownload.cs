using Strata.Storage;

namespace Strata.Edge.Updates;

/// <summary>Brings bytes to <c>download/{sha256}</c>; what is there already of them is not asked again, also after a power cut.</summary>
internal sealed class UpdateDownload(IUpdateDisk disk, IArtifactSource source, TimeProvider time)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    /// <summary>How much is written between two syncs: no more than this is asked again after a power cut.</summary>
    private const int SyncEvery = 1 << 20;

    public static string NameOf(string sha256) => $"download/{sha256}";

    /// <summary>Tries until it has all of it; a source that says no is an exception.</summary>
    /// <param name="progress">Told 0 to 1.</param>
    /// <exception cref="UpdateRefusedException">What came is something else, or is not to be had; nothing of it is kept.</exception>
    public async Task<string> BringAsync(string url, string sha256, long size, Action<double> progress, CancellationToken cancellationToken)
    {
        var name = NameOf(sha256);
        if (disk.Length(name) > size)
            disk.Delete(name);
        var wait = FirstWait;
        while (disk.Length(name) < size)
        {
            var before = Math.Max(0, disk.Length(name));
            try
            {
                await ReadOnAsync(name, url, before, size, progress, cancellationToken);
            }
            catch (ArtifactSourceException e)
            {
                if (e.IsFinal)
                    throw new UpdateRefusedException($"it cannot be downloaded: {e.Message}", e);
            }
            if (disk.Length(name) >= size)
                break;
            wait = disk.Length(name) > before ? FirstWait : TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, LongestWait.Ticks));
            await Task.Delay(wait, time, cancellationToken);
        }
        Verify(name, sha256, size);
        return name;
    }

    /// <summary>Whether the file is the one that was signed; if not, it goes.</summary>
    /// <exception cref="UpdateRefusedException">It is another.</exception>
    public void Verify(string name, string sha256, long size)
    {
        var (found, length) = disk.Hash(name);
        if (found == sha256 && length == size)
            return;
        disk.Delete(name);
        throw new UpdateRefusedException(length != size
            ? $"what was downloaded has {length} bytes, and the manifest says {size}"
            : $"what was downloaded is not what was signed: its hash is {found[..12]}..., and the manifest says {sha256[..12]}...");
    }

    private async Task ReadOnAsync(string name, string url, long from, long size, Action<double> progress, CancellationToken cancellationToken)
    {
        using var content = await source.OpenAsync(url, from, size, cancellationToken);
        using var file = disk.Write(name, content.From);
        var buffer = new byte[64 * 1024];
        var (at, unsynced) = (content.From, 0);
        try
        {
            while (at < size)
            {
                var read = await ReadAsync(content.Content, buffer.AsMemory(0, (int)Math.Min(buffer.Length, size - at)), cancellationToken);
                if (read == 0)
                    break;
                file.Write(buffer.AsSpan(0, read));
                at += read;
                if ((unsynced += read) >= SyncEvery)
                {
                    file.Sync();
                    unsynced = 0;
                    progress((double)at / size);
                }
            }
            // One more byte than was signed is another file.
            if (at == size && await ReadAsync(content.Content, buffer.AsMemory(0, 1), cancellationToken) > 0)
                file.Write(buffer.AsSpan(0, 1));
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException && !SafeFiles.IsFull(e))
        {
            file.Sync();
            cancellationToken.ThrowIfCancellationRequested(); // An agent that ends closes its connection: that is no fault of the update.
            return; // The connection broke: what came is kept, and the rest is asked for.
        }
        file.Sync();
        disk.SyncNames(name);
    }

    /// <summary>Cancelled too when nothing comes for a while.</summary>
    private async Task<int> ReadAsync(Stream content, Memory<byte> into, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Silence, time);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        return await content.ReadAsync(into, reading.Token);
    }
}

/// <summary>The update is not taken, for good; the message is told to the cloud.</summary>
internal sealed class UpdateRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>There is no room.</summary>
internal sealed class DiskFullException(string message) : IOException(message, SafeFiles.NoSpace);
