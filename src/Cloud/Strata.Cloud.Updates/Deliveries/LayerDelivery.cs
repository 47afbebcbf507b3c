using System.Globalization;
using Strata.Cloud.Platform.Configuration;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Updates.Book;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Deliveries;

/// <summary>What a layer of configuration is to say, or that it goes, which devices are given by their shadows. Whom the layer concerns is whom it is for.</summary>
internal sealed class LayerDelivery(PreparedLayer prepared) : IDelivery
{
    public const string Component = "configuration";

    private readonly LayerChange change = prepared.Change;

    public string Name => $"{(change.Content is null ? "deletion" : Component)} of {change.Layer}";

    public bool IsForAll => true;

    public RolloutPlan Into(RolloutPlan plan) => plan with { Artifact = change.Layer, Component = Component, Version = VersionText(change.Version + 1), Query = prepared.Query, Configuration = change };

    public RolloutCandidate CandidateOf(FleetDevice device, in DeviceSigns signs) => new(FleetFacts.TargetOf(device), signs.Interval, VersionText(change.Version));

    public string? Refusal(FleetDevice device, RolloutCandidate candidate, TenantRollouts book) => prepared.Effect(device).Refusal;

    public long Bytes(FleetDevice device, RolloutCandidate candidate) => prepared.Effect(device).Bytes;

    private static string VersionText(long version) => version.ToString(CultureInfo.InvariantCulture);
}
