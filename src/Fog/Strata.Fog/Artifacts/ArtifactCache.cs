using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Strata.Core.Tenancy;
using Strata.Storage;

namespace Strata.Fog.Artifacts;

/// <summary>
/// Artifacts for the devices of this gateway, each fetched from above once however many ask for it: <c>artifacts/TENANT/{sha256}</c>, a <c>.part</c> beside it while it comes, which a restart goes on with.
/// </summary>
internal sealed partial class ArtifactCache : IDisposable
{
    private readonly string root;
    private readonly ArtifactCacheOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Task<string?>> fetches = [];
    private readonly CancellationTokenSource stopping = new();

    public ArtifactCache(FogFolder folder, ArtifactCacheOptions options, TimeProvider time, ILogger<ArtifactCache> logger)
    {
        (this.options, this.time, this.logger) = (options, time, logger);
        root = Path.Combine(folder.Root, "artifacts");
        Directory.CreateDirectory(root, PrivateFile.FolderMode);
    }

    /// <summary>The file, when all of it is here; notes that it was asked for.</summary>
    public string? Find(TenantId tenant, string sha256)
    {
        var path = PathOf(tenant, sha256);
        if (!File.Exists(path))
            return null;
        File.SetLastAccessTimeUtc(path, time.GetUtcNow().UtcDateTime);
        return path;
    }

    /// <summary>The file, fetched when it is not here; null while it is not, after the wait. One fetch serves all who ask; it goes on when nobody waits any more.</summary>
    /// <param name="open">Opens the parent's answer from a byte on.</param>
    /// <exception cref="ArtifactUnavailableException">It is not to be had just now; the message says why.</exception>
    public async Task<string?> GetAsync(TenantId tenant, string sha256, Func<long, CancellationToken, Task<HttpResponseMessage>> open, CancellationToken cancellationToken)
    {
        if (Find(tenant, sha256) is { } path)
            return path;
        Task<string?> fetch;
        lock (gate)
        {
            var key = $"{tenant.Value}/{sha256}";
            if (!fetches.TryGetValue(key, out fetch!) || fetch.IsCompleted)
                fetches[key] = fetch = Task.Run(() => FetchAsync(tenant, sha256, open), stopping.Token);
        }
        try
        {
            return await fetch.WaitAsync(options.WaitForParent, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
    }

    private async Task<string?> FetchAsync(TenantId tenant, string sha256, Func<long, CancellationToken, Task<HttpResponseMessage>> open)
    {
        var (path, part) = (PathOf(tenant, sha256), PathOf(tenant, sha256) + ".part");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, PrivateFile.FolderMode);
        var progress = time.GetTimestamp();
        for (var last = -1L; ;)
        {
            try
            {
                if (await ReadOnAsync(part, open))
                    break;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !stopping.IsCancellationRequested)
            {
                Broken(sha256, e.Message);
            }
            var now = File.Exists(part) ? new FileInfo(part).Length : 0;
            if (now > last)
                (last, progress) = (now, time.GetTimestamp());
            if (time.GetElapsedTime(progress) > options.GiveUpAfter)
                throw new ArtifactUnavailableException("The artifact could not be fetched from above for a while; ask again.");
            await Task.Delay(options.RetryAfter, time, stopping.Token);
        }
        await using (var file = new FileStream(part, SafeFiles.Options(FileMode.Open, FileAccess.ReadWrite)))
        {
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(file, stopping.Token)) != sha256)
            {
                file.SetLength(0);
                throw new ArtifactUnavailableException("What came from above is not what was asked for; nothing of it was kept.");
            }
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
        File.Move(part, path, overwrite: true);
        SafeFiles.SyncFolder(Path.GetDirectoryName(path)!);
        File.SetLastAccessTimeUtc(path, time.GetUtcNow().UtcDateTime);
        Fetched(sha256, new FileInfo(path).Length);
        return path;
    }

    /// <summary>Reads what is missing; false when the answer was not the whole rest.</summary>
    private async Task<bool> ReadOnAsync(string part, Func<long, CancellationToken, Task<HttpResponseMessage>> open)
    {
        var from = File.Exists(part) ? new FileInfo(part).Length : 0;
        using var silence = new CancellationTokenSource(options.Silence, time);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, silence.Token);
        using var answer = await open(from, reading.Token);
        if (answer.StatusCode == System.Net.HttpStatusCode.RequestedRangeNotSatisfiable)
            return from > 0; // All of it is here; its hash decides.
        if (answer.StatusCode == System.Net.HttpStatusCode.NotFound)
            throw new ArtifactUnavailableException("The parent has no such artifact for this device.") { IsUnknown = true };
        if (!answer.IsSuccessStatusCode)
            return false;
        if (answer.StatusCode != System.Net.HttpStatusCode.PartialContent)
            from = 0;
        var length = answer.Content.Headers.ContentLength ?? throw new ArtifactUnavailableException("The parent does not say how long the artifact is.");
        MakeRoom(from + length, part);
        await using var body = await answer.Content.ReadAsStreamAsync(reading.Token);
        await using var file = new FileStream(part, SafeFiles.Options(FileMode.OpenOrCreate, FileAccess.Write));
        file.SetLength(from);
        file.Position = from;
        var buffer = new byte[128 * 1024];
        while (await body.ReadAsync(buffer, reading.Token) is var read && read > 0)
        {
            silence.CancelAfter(options.Silence);
            await file.WriteAsync(buffer.AsMemory(0, read), reading.Token);
            length -= read;
        }
        return length == 0;
    }

    /// <summary>Lets those go that were longest not asked for.</summary>
    private void MakeRoom(long bytes, string keep)
    {
        if (bytes > options.MaxBytes)
            throw new ArtifactUnavailableException($"The artifact has {bytes:N0} bytes, and this gateway keeps {options.MaxBytes:N0} at most.");
        lock (gate)
        {
            var files = new DirectoryInfo(root).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.FullName != keep).OrderBy(f => f.LastAccessTimeUtc).ToList();
            var there = files.Sum(f => f.Length);
            foreach (var file in files.TakeWhile(_ => there + bytes > options.MaxBytes))
            {
                there -= file.Length;
                file.Delete();
                LetGo(file.Name, file.Length);
            }
        }
    }

    private string PathOf(TenantId tenant, string sha256) => Path.Combine(root, tenant.Value, sha256);

    [LoggerMessage(6030, LogLevel.Information, "Artifact {Sha256} is here: {Bytes} bytes, fetched once.")]
    private partial void Fetched(string sha256, long bytes);

    [LoggerMessage(6031, LogLevel.Information, "Artifact {Sha256} is fetched on: {Reason}")]
    private partial void Broken(string sha256, string reason);

    [LoggerMessage(6032, LogLevel.Information, "Artifact {Name} ({Bytes} bytes) makes room.")]
    private partial void LetGo(string name, long bytes);
}

/// <summary>An artifact is not to be had just now.</summary>
internal sealed class ArtifactUnavailableException(string message) : Exception(message)
{
    /// <summary>It is not there for who asked.</summary>
    public bool IsUnknown { get; init; }
}
