namespace Strata.Core.Updates.Manifests;

/// <summary>What an update is judged on at a device.</summary>
/// <param name="Model">Null when it is not known: then nothing fits.</param>
/// <param name="Hardware">Null when it is not known: then only what is for any hardware fits.</param>
/// <param name="Components">What the device runs, version by component.</param>
/// <param name="Counters">The highest counter that was confirmed, by component.</param>
public sealed record UpdateTarget(string? Model, string? Hardware, IReadOnlyDictionary<string, string> Components, IReadOnlyDictionary<string, long> Counters);

/// <summary>Whether an update fits a device. Asked at the planner, at the rollout and, last, by the device itself.</summary>
public static class UpdateCompatibility
{
    /// <summary>Why the update is not for the device; null when it is.</summary>
    public static string? Refusal(UpdateManifest update, UpdateTarget device)
    {
        if (device.Model is null || !update.Models.Contains(device.Model, StringComparer.Ordinal))
            return $"it is for {Words(update.Models)}, and this is {(device.Model is null ? "a device without a model" : $"'{device.Model}'")}";
        if (update.Hardware.Count > 0 && (device.Hardware is null || !update.Hardware.Contains(device.Hardware, StringComparer.Ordinal)))
            return $"it is for hardware {Words(update.Hardware)}, and this is {(device.Hardware is null ? "of unknown hardware" : $"'{device.Hardware}'")}";
        var now = device.Components.GetValueOrDefault(update.Component);
        if (update.From.Count > 0 && !update.From.Any(from => UpdateVersion.Same(from, now)))
            return $"it goes over {update.Component} {Words(update.From)}, and the device runs {now ?? "none"}";
        if (device.Counters.TryGetValue(update.Component, out var counter) && update.Counter < counter)
            return $"its counter is {update.Counter}, and the device has confirmed {counter} of {update.Component}: an older version is not taken back";
        foreach (var need in update.Needs)
        {
            if (device.Components.GetValueOrDefault(need.Component) is not { } there || UpdateVersion.Compare(there, need.MinVersion) < 0)
                return $"it needs {need.Component} {need.MinVersion} or later, and the device has {device.Components.GetValueOrDefault(need.Component) ?? "none"}";
        }
        return null;
    }

    private static string Words(IReadOnlyList<string> names) => string.Join(" or ", names.Select(n => $"'{n}'"));
}
