using System.Collections.Concurrent;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Fog.Artifacts;

/// <summary>
/// What devices said last of their jobs and the parent has not heard: a device says again what is not answered, and that would be one more entry every time while the parent is away. In memory: after a start of the gateway it
/// is kept once more. Bounded: beyond that, all are forgotten. Safe from any thread.
/// </summary>
internal sealed class WaitingWords
{
    private const int Most = 10_000;

    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device, bool IsQuestion), Word> words = new();

    /// <summary>Keeps a word, unless it is what the device said last and that is sure to wait still.</summary>
    /// <param name="isQuestion">Questions and reports are looked at apart: neither changes what the other means.</param>
    /// <param name="gone">How many entries of that kind have left the uplink's log, for the parent or lost: while none has, a word that was kept waits.</param>
    /// <returns>Completes when it is on the disk, whichever time it was said.</returns>
    public Task KeepAsync(TenantId tenant, DeviceId device, bool isQuestion, string text, long gone, Func<string, Task> keep)
    {
        var key = (tenant, device, isQuestion);
        if (words.TryGetValue(key, out var last) && last.Text == text && last.Gone == gone && last.Kept is { IsFaulted: false, IsCanceled: false })
            return last.Kept;
        if (words.Count >= Most)
            words.Clear();
        var kept = keep(text);
        words[key] = new Word(text, gone, kept);
        return kept;
    }

    private sealed record Word(string Text, long Gone, Task Kept);
}
