using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Strata.Core.Tenancy;
using Strata.Storage;

namespace Strata.Fog.Artifacts;

/// <summary>
/// Artifacts for the devices of this gateway, each fetched from above once however many ask for it: <c>artifacts/TENANT/{sha256}</c>, a <c>.part</c> beside it while it comes, which a restart goes on with.
/// </summary>
internal sealed partial class ArtifactCache : IAsyncDisposable
{
    private readonly string root;
    private readonly ArtifactCacheOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Fetch> fetches = []; // By the .part that each writes.
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
        try
        {
            return await Join(PathOf(tenant, sha256), sha256, open).WaitAsync(options.WaitForParent, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw new ArtifactUnavailableException("The gateway is stopping; ask again.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Task[] running;
        lock (gate)
            running = [.. fetches.Values.Select(f => f.Whole)];
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    /// <summary>The fetch that runs, or a new one.</summary>
    private Task<string?> Join(string path, string sha256, Func<long, CancellationToken, Task<HttpResponseMessage>> open)
    {
        lock (gate)
        {
            if (fetches.TryGetValue(path + ".part", out var running))
                return running.Whole;
            if (fetches.Count >= options.MaxFetches)
                throw new ArtifactUnavailableException($"{options.MaxFetches} artifacts are on their way to this gateway, and no more at once; ask again.");
            var fetch = new Fetch(path, path + ".part", sha256, open);
            fetches.Add(fetch.Part, fetch);
            fetch.Whole = Task.Run(() => RunAsync(fetch));
            return fetch.Whole;
        }
    }

    private async Task<string?> RunAsync(Fetch fetch)
    {
        try
        {
            return await FetchAsync(fetch);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Broken(fetch.Sha256, e.Message);
            throw new ArtifactUnavailableException(SafeFiles.IsFull(e) ? "This gateway's disk is full; ask again." : $"This gateway cannot write the artifact ({e.Message}); ask again.");
        }
        finally
        {
            lock (gate)
                fetches.Remove(fetch.Part);
        }
    }

    private async Task<string?> FetchAsync(Fetch fetch)
    {
        var (path, part, sha256) = (fetch.Path, fetch.Part, fetch.Sha256);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, PrivateFile.FolderMode);
        var progress = time.GetTimestamp();
        for (var last = -1L; ;)
        {
            try
            {
                if (await ReadOnAsync(fetch))
                    break;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !SafeFiles.IsFull(e) && !stopping.IsCancellationRequested)
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
    private async Task<bool> ReadOnAsync(Fetch fetch)
    {
        var part = fetch.Part;
        var from = File.Exists(part) ? new FileInfo(part).Length : 0;
        using var silence = new CancellationTokenSource(options.Silence, time);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, silence.Token);
        using var answer = await fetch.Open(from, reading.Token);
        if (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            return from > 0; // All of it is here; its hash decides.
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
            throw new ArtifactUnavailableException("The parent does not give the artifact to the device that it was fetched for; ask again."); // Whoever else waits asks for itself.
        if (!answer.IsSuccessStatusCode)
            return false;
        if (answer.StatusCode != HttpStatusCode.PartialContent)
            from = 0;
        var length = answer.Content.Headers.ContentLength ?? throw new ArtifactUnavailableException("The parent does not say how long the artifact is.");
        MakeRoom(fetch, from + length);
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

    /// <summary>Lets those go that were longest not asked for; what others are fetching stays, and has its room.</summary>
    private void MakeRoom(Fetch fetch, long bytes)
    {
        if (bytes > options.MaxBytes)
            throw new ArtifactUnavailableException($"The artifact has {bytes:N0} bytes, and this gateway keeps {options.MaxBytes:N0} at most.");
        lock (gate)
        {
            fetch.Bytes = bytes;
            var underWay = fetches.Values.Sum(f => f.Bytes);
            if (underWay > options.MaxBytes)
            {
                fetch.Bytes = 0;
                throw new ArtifactUnavailableException("What is on its way to this gateway fills the room that it keeps for artifacts; ask again.");
            }
            var files = new DirectoryInfo(root).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => !fetches.ContainsKey(f.FullName)).OrderBy(f => f.LastAccessTimeUtc).ToList();
            var there = files.Sum(f => f.Length);
            foreach (var file in files.TakeWhile(_ => there + underWay > options.MaxBytes))
            {
                there -= file.Length;
                file.Delete();
                LetGo(file.Name, file.Length);
            }
        }
    }

    private string PathOf(TenantId tenant, string sha256) => Path.Combine(root, tenant.Value, sha256);

    [LoggerMessage(6040, LogLevel.Information, "Artifact {Sha256} is here: {Bytes} bytes, fetched once.")]
    private partial void Fetched(string sha256, long bytes);

    [LoggerMessage(6041, LogLevel.Information, "Artifact {Sha256} is fetched on: {Reason}")]
    private partial void Broken(string sha256, string reason);

    [LoggerMessage(6042, LogLevel.Information, "Artifact {Name} ({Bytes} bytes) makes room.")]
    private partial void LetGo(string name, long bytes);

    private sealed class Fetch(string path, string part, string sha256, Func<long, CancellationToken, Task<HttpResponseMessage>> open)
    {
        public string Path => path;

        public string Part => part;

        public string Sha256 => sha256;

        public Func<long, CancellationToken, Task<HttpResponseMessage>> Open => open;

        /// <summary>What it will have; 0 until the parent has said so.</summary>
        public long Bytes { get; set; }

        public Task<string?> Whole { get; set; } = null!;
    }
}

/// <summary>An artifact is not to be had just now; whoever asks again later may get it.</summary>
internal sealed class ArtifactUnavailableException(string message) : Exception(message);
