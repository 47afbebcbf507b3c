using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Provisioning;

namespace Strata.Cloud.Provisioning.Admission;

/// <summary>
/// Where devices come in. Each is judged by the templates and by whoever its template asks; then whatever waits is admitted as one transaction (<see cref="AdmissionBatch"/>), so that a hall
/// that is switched on costs few of them. Answers when it is written down.
/// </summary>
internal sealed partial class AdmissionDesk(ProvisioningStore store, AdmissionBatch batch, AllocationHooks hooks, ProvisioningOptions options, ILogger<AdmissionDesk> logger) : BackgroundService
{
    private readonly Channel<Candidate> waiting = Channel.CreateBounded<Candidate>(new BoundedChannelOptions(options.MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>The device, registered; or why not.</summary>
    public async Task<Outcome<Admitted>> AdmitAsync(Arrival arrival, CancellationToken cancellationToken)
    {
        var verdict = TemplateMatcher.Match(store.Templates(arrival.Tenant).Values, arrival.Device);
        if (verdict.Chosen is not { } template)
            return verdict.Problem!;
        var assigned = TemplateMatcher.Assign(template, arrival.Device);
        if (!assigned.IsOk)
            return assigned.Problem;
        if (template.Hook is { } hook)
        {
            assigned = await hooks.AskAsync(hook, arrival, assigned.Value, cancellationToken);
            if (!assigned.IsOk)
                return assigned.Problem;
        }
        var candidate = new Candidate(arrival, template, assigned.Value);
        // Not to be cancelled from here on: what is written is answered, whether the device still listens or not.
        return waiting.Writer.TryWrite(candidate) ? await candidate.Answer : new Problem(ProblemKind.Unavailable, $"{options.MaxWaiting:N0} devices wait to be admitted; try again later.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var taken = new List<Candidate>();
        try
        {
            while (await waiting.Reader.WaitToReadAsync(stoppingToken))
            {
                taken.Clear();
                while (taken.Count < options.AdmissionBatch && waiting.Reader.TryRead(out var next))
                    taken.Add(next);
                foreach (var tenant in taken.GroupBy(c => c.Arrival.Tenant))
                    await RunAsync([.. tenant]);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            waiting.Writer.TryComplete();
            while (waiting.Reader.TryRead(out var left))
                left.Refuse(new Problem(ProblemKind.Unavailable, "The node stops; try again later."));
        }
    }

    /// <summary>One device stands in a batch once: two connections of it are answered one after the other.</summary>
    private async Task RunAsync(List<Candidate> candidates)
    {
        while (candidates.Count > 0)
        {
            var (keys, names) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<DeviceId>());
            var now = candidates.FindAll(c => keys.Add(c.Arrival.Key) && names.Add(c.Assigned.Id));
            candidates = [.. candidates.Except(now)];
            try
            {
                await batch.RunAsync(now);
            }
#pragma warning disable CA1031 // Whatever it is, it is that of those who wait, and the desk goes on.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                LogFailed(now.Count, fault);
                now.ForEach(c => c.Refuse(new Problem(ProblemKind.Unavailable, "The node cannot register devices just now; try again later.")));
            }
        }
    }

    [LoggerMessage(5360, LogLevel.Error, "{Count} devices could not be admitted.")]
    private partial void LogFailed(int count, Exception fault);
}
