using System.Text.Json;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rollouts;

namespace Strata.Edge.Updates;

/// <summary>What the device is to do.</summary>
/// <param name="Job">Its id.</param>
/// <param name="Manifest">The exact bytes that were signed.</param>
/// <param name="Url">Where the artifact is, below the address that artifacts come from.</param>
/// <param name="Delta">A patch from what may run here; null when there is none.</param>
/// <param name="ConfirmWithin">Within what time of its start the new version must have proved itself; null when the job does not say.</param>
internal sealed record UpdateJob(string Job, UpdateMode Mode, byte[] Manifest, IReadOnlyList<ManifestSignature> Signatures, string Url, UpdateDelta? Delta, TimeSpan? ConfirmWithin = null)
{
    /// <summary>Of a job's id, in characters: it is part of topics.</summary>
    private const int MaxId = 64;

    private const int LeastConfirm = 10;
    private const int MostConfirm = 86_400;

    /// <summary>Longest answer that is read, in bytes.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>What an answer to <c>jobs/next</c> says; null for no work.</summary>
    /// <exception cref="FormatException">It is no job; the message says why.</exception>
    public static UpdateJob? Read(ReadOnlySpan<byte> answer)
    {
        if (answer.Length > MaxBytes)
            throw new FormatException($"it has {answer.Length} bytes; at most {MaxBytes} are read");
        try
        {
            using var document = JsonDocument.Parse(answer.ToArray());
            var root = document.RootElement;
            if (!root.TryGetProperty("job", out var job) || job.ValueKind == JsonValueKind.Null)
                return null;
            if (root.TryGetProperty("kind", out var kind) && kind.GetString() is var said && said != "update")
                throw new FormatException($"its kind is '{said}', which this agent does not know");
            var signatures = root.GetProperty("signatures").EnumerateArray().Take(ManifestLimits.MaxSignatures + 1)
                .Select(s => new ManifestSignature(s.GetProperty("key").GetString()!, s.GetProperty("algorithm").GetString()!, s.GetProperty("signature").GetBytesFromBase64())).ToList();
            return new UpdateJob(
                IdOf(job), ModeOf(root), root.GetProperty("manifest").GetBytesFromBase64(), signatures, PathOf(root.GetProperty("artifact").GetProperty("url")),
                root.TryGetProperty("delta", out var delta) && delta.ValueKind == JsonValueKind.Object ? UpdateDelta.Read(delta) : null, ConfirmOf(root));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"it cannot be read ({e.Message})", e);
        }
    }

    /// <summary>A path of the node that was asked, and of no other.</summary>
    internal static string PathOf(JsonElement url) =>
        url.GetString() is { Length: <= 300 } path && path.StartsWith("/artifacts/", StringComparison.Ordinal) && ManifestLimits.IsSha256(path["/artifacts/".Length..])
            ? path
            : throw new FormatException("its artifact's url is not /artifacts/{sha256}");

    private static string IdOf(JsonElement job) =>
        job.GetString() is { Length: > 0 and <= MaxId } id && !id.Any(c => c is '/' or '+' or '#' || char.IsControl(c))
            ? id
            : throw new FormatException($"its id is none: 1 to {MaxId} characters, none of them '/', '+', '#' or a control character");

    private static UpdateMode ModeOf(JsonElement root) =>
        !root.TryGetProperty("mode", out var mode) || mode.ValueKind is JsonValueKind.Null ? UpdateMode.Soft
        : RolloutNames.ModeOf(mode.GetString()) ?? throw new FormatException($"its mode is '{mode.GetString()}'");

    private static TimeSpan? ConfirmOf(JsonElement root) =>
        !root.TryGetProperty("confirmWithin", out var within) || within.ValueKind is JsonValueKind.Null ? null
        : within.ValueKind is JsonValueKind.Number && within.TryGetInt32(out var seconds) && seconds is >= LeastConfirm and <= MostConfirm ? TimeSpan.FromSeconds(seconds)
        : throw new FormatException($"its confirmWithin is {within}; it is {LeastConfirm} to {MostConfirm} seconds");
}

/// <summary>A patch that is offered. Nobody has signed what is said of it: only what is made by it is checked against the manifest.</summary>
/// <param name="From">SHA-256 of what it is applied to.</param>
internal sealed record UpdateDelta(string From, string Sha256, long Size, string Url, string Format)
{
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static UpdateDelta Read(JsonElement delta)
    {
        var size = delta.GetProperty("size").GetInt64();
        if (size is < 1 or > ManifestLimits.MaxSize)
            throw new FormatException($"its patch has {size} bytes; 1 to {ManifestLimits.MaxSize} are taken");
        var (sha256, url) = (HashOf(delta, "sha256"), UpdateJob.PathOf(delta.GetProperty("url")));
        return url.EndsWith(sha256, StringComparison.Ordinal)
            ? new(HashOf(delta, "from"), sha256, size, url, delta.GetProperty("format").GetString()!)
            : throw new FormatException("its patch's url names other bytes than its sha256");
    }

    /// <summary>A hash is a name on the disk too.</summary>
    private static string HashOf(JsonElement delta, string name) =>
        delta.GetProperty(name).GetString() is var text && ManifestLimits.IsSha256(text) ? text! : throw new FormatException($"its patch's {name} is no SHA-256 of 64 lower-case hexadecimal digits");
}
