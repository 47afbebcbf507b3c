using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Core.Devices;
using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Book;

/// <summary>A device of a rollout as its row keeps it. Short names: there is one for each device.</summary>
internal sealed record MemberText
{
    [JsonPropertyName("s")]
    public string? Site { get; init; }

    [JsonPropertyName("m")]
    public string? Model { get; init; }

    [JsonPropertyName("h")]
    public string? Hardware { get; init; }

    [JsonPropertyName("g")]
    public string? Gateway { get; init; }

    [JsonPropertyName("i")]
    public double IntervalSeconds { get; init; }

    [JsonPropertyName("f")]
    public string? From { get; init; }

    [JsonPropertyName("a")]
    public string? Artifact { get; init; }

    [JsonPropertyName("v")]
    public string? Version { get; init; }

    [JsonPropertyName("r")]
    public int Ring { get; init; }

    [JsonPropertyName("t")]
    public DateTimeOffset Since { get; init; }

    [JsonPropertyName("n")]
    public int Attempt { get; init; }

    [JsonPropertyName("o")]
    public DateTimeOffset Offered { get; init; }

    [JsonPropertyName("d")]
    public DateTimeOffset Due { get; init; }

    [JsonPropertyName("w")]
    public string? Reason { get; init; }

    [JsonPropertyName("x")]
    public string? Runs { get; init; }

    [JsonPropertyName("l")]
    public int Ill { get; init; }

    /// <summary>Restarts, disconnects, errors, faults of data, battery, latency, silence.</summary>
    [JsonPropertyName("b")]
    public float[]? Before { get; init; }

    public static string Write(KeptMember m) => JsonSerializer.Serialize(
        new MemberText
        {
            Site = m.Candidate.Target.Site, Model = m.Candidate.Target.Model, Hardware = m.Candidate.Target.Hardware, Gateway = m.Candidate.Target.Gateway, IntervalSeconds = m.Candidate.Interval.TotalSeconds,
            From = m.Candidate.From, Artifact = m.Candidate.Artifact, Version = m.Candidate.Version, Ring = m.Ring, Since = m.Since, Attempt = m.Attempt, Offered = m.Offered, Due = m.Due, Reason = m.Reason, Runs = m.Runs,
            Ill = m.Ill, Before = m.Before is { } b ? [b.Reboots, b.Disconnects, b.Errors, b.DataFaults, b.BatteryPerDay, b.LatencyMs, b.Silent ? 1 : 0] : null,
        },
        UpdatesJson.Default.MemberText);

    public static KeptMember Read(DeviceId device, string state, string content)
    {
        var t = JsonSerializer.Deserialize(content, UpdatesJson.Default.MemberText)!;
        return new KeptMember(
            new RolloutCandidate(new RolloutTarget(device, t.Site, t.Model, t.Hardware, t.Gateway), TimeSpan.FromSeconds(t.IntervalSeconds), t.From, t.Artifact, t.Version), t.Ring,
            Enum.Parse<MemberState>(state, ignoreCase: true), t.Since, t.Attempt, t.Offered, t.Due, t.Reason, t.Runs, t.Ill,
            t.Before is { Length: 7 } b ? new HealthSigns(b[0], b[1], b[2], b[3], b[4], b[5], b[6] != 0) : null);
    }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(MemberText))]
[JsonSerializable(typeof(RolloutHead))]
internal sealed partial class UpdatesJson : JsonSerializerContext;
