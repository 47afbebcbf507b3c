using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Updates;
using Strata.Cloud.Updates.Book;
using Strata.Cloud.Updates.Rows;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Jobs;

/// <summary>What devices ask and say of their jobs. An answer that gives or takes something is written first.</summary>
internal sealed class JobDesk(UpdatesStore store, FleetFacts facts, IArtifacts artifacts, UpdatesOptions options, TimeProvider time) : IArtifactReaders
{
    private static readonly Outcome<JobInfo?> Nothing = (JobInfo?)null;

    /// <summary>The device's job; none is the usual answer and waits for nothing.</summary>
    public ValueTask<Outcome<JobInfo?>> NextAsync(TenantId tenant, DeviceId device)
    {
        var book = store.Of(tenant);
        Rollout? rollout = null;
        RolloutMember? member = null;
        int loads;
        lock (book.Gate)
        {
            loads = book.Loads;
            var rollouts = book.WithJobs(device);
            if (rollouts.Count == 0 && !book.IsDoubtful)
                return ValueTask.FromResult(Nothing);
            if (book.IsDoubtful)
                return ValueTask.FromResult<Outcome<JobInfo?>>(RolloutDesk.Unavailable);
            // What it has begun of a rollout that is over is waited for, until it is due.
            foreach (var live in book.WorkOf(device) is { } work ? [work] : rollouts)
            {
                if (live.Rollout.Poll(device, time.GetUtcNow(), live.Rollout.Plan.InWindows && InWindow(tenant, device), book.VersionOf(device, live.Rollout.Plan.Component)) is not { } found)
                    continue;
                (rollout, member) = (live.Rollout, found);
                break;
            }
        }
        return member is null ? ValueTask.FromResult(Nothing) : GiveAsync(tenant, rollout!, member, loads);
    }

    /// <summary>Whether the device would get a job if it asked now.</summary>
    public string? Waiting(TenantId tenant, DeviceId device)
    {
        var book = store.Of(tenant);
        lock (book.Gate)
            return (book.WorkOf(device) is { } work ? [work] : book.WithJobs(device)).FirstOrDefault(l => l.Rollout.HasFor(device, time.GetUtcNow(), l.Rollout.Plan.InWindows && InWindow(tenant, device)))?.Rollout.Plan.Id;
    }

    /// <param name="heard">When its gateway heard it; null where it was said here.</param>
    public async Task<Problem?> ReportAsync(TenantId tenant, DeviceId device, string job, JobReport report, long? heard = null)
    {
        if (RolloutNames.ReportOf(report.State) is not { } state)
            return new Problem(ProblemKind.Invalid, "'state' is one of downloading, installing, trial, succeeded, failed, rolledBack.", "state");
        if (report.Progress is { } progress && !(progress >= 0 && progress <= 1))
            return new Problem(ProblemKind.Invalid, "'progress' is 0 to 1.", "progress");
        if (report.Version is { Length: > 64 })
            return new Problem(ProblemKind.Invalid, "'version' has 64 characters at most.", "version");
        var reason = report.Reason is { } said && said.Length > options.MaxReason ? said[..options.MaxReason] : report.Reason;
        var book = store.Of(tenant);
        int loads;
        lock (book.Gate)
        {
            loads = book.Loads;
            if (book.IsDoubtful)
                return RolloutDesk.Unavailable;
            if (book.WithJobs(device).FirstOrDefault(l => l.Rollout.Plan.Id == job) is not { } live)
                return new Problem(ProblemKind.NotFound, $"Job {(job.Length > 60 ? job[..60] : job)} is none of {device}'s.");
            if (live.Rollout.Report(device, state, reason, report.Version, report.Progress, time.GetUtcNow()) is { } problem)
                return problem;
            if (state is MemberState.Succeeded or MemberState.RolledBack)
                book.Hear(device, live.Rollout.Plan.Component, heard);
        }
        return await store.WriteAsync(tenant, loads);
    }

    /// <summary>
    /// What a device says of the software that it has, version by component. What it does not name stays as it was known; what is known already is not written again, nor what a gateway has kept while the device said something newer.
    /// </summary>
    /// <param name="heard">When its gateway heard it; null where it was said here.</param>
    public async Task<Problem?> SoftwareAsync(TenantId tenant, DeviceId device, IReadOnlyDictionary<string, string> components, long? heard = null)
    {
        foreach (var (component, version) in components)
        {
            if (!ManifestLimits.IsComponent(component))
                return new Problem(ProblemKind.Invalid, "A component's name is 1 to 64 of a-z, 0-9, '.', '_', '-'.", "component");
            if (!UpdateVersion.IsVersion(version))
                return new Problem(ProblemKind.Invalid, $"The version of '{component}' is none: 1 to {UpdateVersion.MaxLength} letters, digits, '.', '_', '+', '-', ':'.", component);
        }
        var book = store.Of(tenant);
        int loads;
        lock (book.Gate)
        {
            loads = book.Loads;
            if (book.IsDoubtful)
                return RolloutDesk.Unavailable;
            book.Tells(device);
            var news = components.Where(c => book.Hear(device, c.Key, heard) && book.IsNews(device, c.Key, c.Value)).ToList();
            if (news.Count == 0)
                return null;
            if (book.ComponentsOf(device) + news.Count(c => book.VersionOf(device, c.Key) is null) is var count && count > options.MaxComponents)
                return new Problem(ProblemKind.Invalid, $"With these {count} components of the device are known; {options.MaxComponents} are kept.");
            var now = EventTime.ToDateTimeOffset(EventTime.From(time.GetUtcNow()));
            foreach (var (component, version) in news)
            {
                // The clock may have gone back since: what is said now is the newest nevertheless.
                var last = book.SinceOf(device, component);
                book.Note(
                    new DeviceSoftwareRow
                    {
                        TenantId = tenant.Value,
                        Device = device.Value,
                        Component = component,
                        Version = version,
                        Since = last < now ? now : last + TimeSpan.FromMilliseconds(1),
                        Rollout = book.BringerOf(device, component, version),
                    }, options.MaxSoftwareKept);
            }
        }
        return await store.WriteAsync(tenant, loads);
    }

    public bool MayRead(TenantId tenant, DeviceId device, string sha256)
    {
        var book = store.Of(tenant);
        lock (book.Gate)
        {
            foreach (var live in book.Of(device))
            {
                if (live.Rollout.Members.GetValueOrDefault(device) is { } member && member.State.IsInFlight() && ArtifactOf(tenant, live.Rollout, member) is { } artifact
                    && (artifact.Sha256 == sha256 || artifact.Deltas.Any(d => d.Sha256 == sha256)))
                    return true;
            }
        }
        return false;
    }

    public string? InUse(TenantId tenant, string artifactId)
    {
        var book = store.Of(tenant);
        lock (book.Gate)
        {
            return book.All.Values.FirstOrDefault(l => !l.Rollout.Head.State.IsOver() && (l.Rollout.Plan.Artifact == artifactId || l.Rollout.Members.Values.Any(m => m.Candidate.Artifact == artifactId))) is { } live
                ? $"rollout {live.Rollout.Plan.Id}" : null;
        }
    }

    private async ValueTask<Outcome<JobInfo?>> GiveAsync(TenantId tenant, Rollout rollout, RolloutMember member, int loads)
    {
        if (await store.WriteAsync(tenant, loads) is { } problem)
            return problem;
        if (ArtifactOf(tenant, rollout, member) is not { } artifact)
            return Nothing;
        var plan = rollout.Plan;
        var from = member.Candidate.From is { } version ? artifacts.FindVersion(tenant, plan.Component, version, member.Candidate.Target.Model ?? "")?.Sha256 : null;
        var delta = artifact.Deltas.FirstOrDefault(d => d.From == from);
        return new JobInfo(
            plan.Id, "update", member.Attempt, RolloutNames.NameOf(plan.Mode), artifact.Component, artifact.Version, Convert.ToBase64String(artifact.Manifest),
            [.. artifact.Signatures.Select(s => new JobSignature(s.Key, s.Algorithm, Convert.ToBase64String(s.Signature)))], new JobArtifact(artifact.Sha256, artifact.Size, $"/artifacts/{artifact.Sha256}"),
            delta is null ? null : new JobDelta(delta.From, delta.Sha256, delta.Size, $"/artifacts/{delta.Sha256}", delta.Format), (int)plan.ConfirmWithin.TotalSeconds);
    }

    private ArtifactFacts? ArtifactOf(TenantId tenant, Rollout rollout, RolloutMember member) => artifacts.Find(tenant, member.Candidate.Artifact ?? rollout.Plan.Artifact);

    private bool InWindow(TenantId tenant, DeviceId device) => facts.Signs.Windows(tenant)(facts.Fleet.Find(tenant, device)?.Site);
}
