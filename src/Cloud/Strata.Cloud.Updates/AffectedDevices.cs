using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Updates;
using Strata.Cloud.Updates.Book;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;

namespace Strata.Cloud.Updates;

/// <summary>Which devices carry a part of software: the bills of materials of artifacts, and what devices run.</summary>
internal sealed class AffectedDevices(UpdatesStore store, FleetFacts facts, IArtifacts artifacts)
{
    /// <param name="range">Comparisons side by side that must all hold: <c>&gt;=1.0 &lt;1.2.3</c>, <c>=2.0</c>, <c>1.4</c>; null for any.</param>
    public Outcome<IReadOnlyList<AffectedDevice>> Find(TenantId tenant, string? part, string? range)
    {
        if (string.IsNullOrWhiteSpace(part))
            return new Problem(ProblemKind.Invalid, "Say which part by 'component': its name in the bill of materials.", "component");
        var holds = VersionRange.Parse(range);
        if (!holds.IsOk)
            return holds.Problem;
        var carriers = artifacts.All(tenant)
            .SelectMany(a => a.Bom.Where(b => string.Equals(b.Name, part, StringComparison.OrdinalIgnoreCase) && holds.Value.Contains(b.Version)).Select(b => (Artifact: a, Part: b))).ToArray();
        var found = new List<AffectedDevice>();
        if (carriers.Length == 0)
            return found;
        var (book, look) = (store.Of(tenant), facts.Signs.Look(tenant));
        lock (book.Gate)
        {
            foreach (var device in facts.Fleet.Devices(tenant).Where(d => d.State != DeviceState.Decommissioned).OrderBy(d => d.Id.Value, StringComparer.Ordinal))
            {
                foreach (var (artifact, bom) in carriers)
                {
                    if (device.Model is { } model && artifact.Models.Contains(model) && FleetFacts.VersionOf(book, device.Id, artifact.Component, look(device)) is { } runs && UpdateVersion.Same(runs, artifact.Version))
                        found.Add(new AffectedDevice(device.Id.Value, artifact.Component, artifact.Version, bom.Name, bom.Version, artifact.Id));
                }
            }
        }
        return found;
    }
}

/// <summary>A range of versions, in the order of <see cref="UpdateVersion"/>.</summary>
internal sealed class VersionRange
{
    private static readonly string[] Signs = [">=", "<=", ">", "<", "="];

    private readonly IReadOnlyList<(string Sign, string Version)> terms;

    private VersionRange(IReadOnlyList<(string Sign, string Version)> terms) => this.terms = terms;

    public static Outcome<VersionRange> Parse(string? text)
    {
        var terms = new List<(string, string)>();
        foreach (var word in (text ?? "").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))
        {
            var sign = Array.Find(Signs, s => word.StartsWith(s, StringComparison.Ordinal)) ?? "";
            var version = word[sign.Length..];
            if (!UpdateVersion.IsVersion(version) || terms.Count >= 10)
                return new Problem(ProblemKind.Invalid, $"'{(word.Length > 60 ? word[..60] : word)}' is no comparison; write '>=1.0 <1.2.3'.", "range");
            terms.Add((sign.Length == 0 ? "=" : sign, version));
        }
        return new VersionRange(terms);
    }

    public bool Contains(string version) => version.Length > 0 && terms.All(t => (UpdateVersion.Compare(version, t.Version), t.Sign) switch
    {
        (var order, ">=") => order >= 0,
        (var order, "<=") => order <= 0,
        (var order, ">") => order > 0,
        (var order, "<") => order < 0,
        (var order, _) => order == 0,
    });
}
