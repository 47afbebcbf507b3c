using Strata.Core.Updates.Manifests;
using Strata.Edge.Updates.Rauc;

namespace Strata.Edge.Updates;

/// <summary>How an agent updates itself.</summary>
public sealed record UpdateOptions
{
    /// <summary>Of <see cref="Has"/>: what a gateway takes on in one message.</summary>
    private const int MaxHas = 8;

    /// <summary>The folder with the two slots, or what is noted of them where RAUC has them, the ring of keys (<c>keys.json</c>) and what is being downloaded; not the data folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Where artifacts are downloaded from, a gateway or the cloud: <c>http://HOST:PORT</c> or <c>https://HOST:PORT</c>. Null (the default): in blocks by the agent's own MQTT connection.</summary>
    public Uri? From { get; init; }

    /// <summary>Null (the default): the agent has two slots of its own, and a supervisor that starts it. Otherwise RAUC has slots with a whole system in each.</summary>
    public RaucOptions? Rauc { get; init; }

    /// <summary>What manifests must be for.</summary>
    public required string Model { get; init; }

    /// <summary>Null when it is not known: then only what is for any hardware is taken.</summary>
    public string? Hardware { get; init; }

    /// <summary>The component that the slots hold; a job of another one, beside the ring of keys, is refused. Default <c>edge</c>.</summary>
    public string Component { get; init; } = "edge";

    /// <summary>What else is on the device that updates may need, version by component: <c>bootloader</c>, <c>os</c>, ... Default: nothing.</summary>
    public IReadOnlyDictionary<string, string> Has { get; init; } = new Dictionary<string, string>();

    /// <summary>Within what time of its start a new version must have proved itself, where its job does not say. 10 s to 1 h; default 5 min.</summary>
    public TimeSpan ConfirmWithin { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a new version is started before it has failed: one of these may be spent by a power cut. 1 to 10; default 2.</summary>
    public int TrialStarts { get; init; } = 2;

    /// <summary>A program that has to end with 0 before a new version is confirmed; null for none.</summary>
    public string? SelfTest { get; init; }

    /// <summary>A program that has to end with 0 before anything is installed, asked again every <see cref="AskEvery"/> until it does; a forced job does not wait for it. Null for none.</summary>
    public string? Precondition { get; init; }

    /// <summary>How long a program of the operator's may take. 1 s to 10 min; default 1 min.</summary>
    public TimeSpan ScriptLimit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>From when on, in the device's day (UTC), new versions are installed; with <see cref="NotAfter"/>. Null: at any time.</summary>
    public TimeOnly? NotBefore { get; init; }

    /// <summary>Until when; earlier than <see cref="NotBefore"/> means over midnight, the same is refused.</summary>
    public TimeOnly? NotAfter { get; init; }

    /// <summary>Time between two questions for work, beside being told. 10 s to 1 day; default 5 min.</summary>
    public TimeSpan AskEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes of an artifact at most. 1 to 16 GiB; default 512 MiB.</summary>
    public long MaxBytes { get; init; } = 512L << 20;

    /// <summary>What is wrong, one sentence each; empty when all is well.</summary>
    public IEnumerable<string> Validate()
    {
        if (From is { Scheme: not ("http" or "https") })
            yield return $"--updates-from is '{From}'; write http://HOST:PORT or https://HOST:PORT of a gateway or the cloud.";
        if (ConfirmWithin < TimeSpan.FromSeconds(10) || ConfirmWithin > TimeSpan.FromHours(1))
            yield return $"{nameof(ConfirmWithin)} is {ConfirmWithin}; it must be 10 s to 1 h.";
        if (Component == RingUpdate.Component)
            yield return $"--component is '{RingUpdate.Component}', which is the ring of keys; take another name for the program.";
        if (Has.Count > MaxHas)
            yield return $"--has names {Has.Count} components; {MaxHas} are taken.";
        foreach (var (name, version) in Has)
        {
            if (!ManifestLimits.IsComponent(name) || !UpdateVersion.IsVersion(version))
                yield return $"--has is '{name}={version}'; write COMPONENT=VERSION, for example bootloader=2.1.";
            else if (name == Component || name == RingUpdate.Component)
                yield return $"--has names '{name}', of which the agent itself knows the version.";
        }
        if (TrialStarts is < 1 or > 10)
            yield return $"{nameof(TrialStarts)} is {TrialStarts}; it must be 1 to 10.";
        if (ScriptLimit < TimeSpan.FromSeconds(1) || ScriptLimit > TimeSpan.FromMinutes(10))
            yield return $"{nameof(ScriptLimit)} is {ScriptLimit}; it must be 1 s to 10 min.";
        if (AskEvery < TimeSpan.FromSeconds(10) || AskEvery > TimeSpan.FromDays(1))
            yield return $"{nameof(AskEvery)} is {AskEvery}; it must be 10 s to 1 day.";
        if (MaxBytes is < 1 or > 16L << 30)
            yield return $"{nameof(MaxBytes)} is {MaxBytes}; it must be 1 to 16 GiB.";
        if (NotBefore is null != NotAfter is null)
            yield return "A time of the day for updates has a beginning and an end.";
        if (NotBefore is { } from && NotAfter == from)
            yield return $"--update-hours is '{from:HH\\:mm}-{from:HH\\:mm}', which is no time at all; leave it out to install at any time.";
        foreach (var wrong in Rauc?.Validate() ?? [])
            yield return wrong;
    }
}
