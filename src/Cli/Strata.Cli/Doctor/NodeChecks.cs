using Strata.Cli.Commands;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Doctor;

/// <summary>What a running node says of itself, and how it fits this program.</summary>
internal static class NodeChecks
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<Finding>> RunAsync(StrataClient client, CancellationToken cancellationToken)
    {
        HealthInfo health;
        try
        {
            health = await client.GetHealthAsync(cancellationToken);
        }
        catch (HttpRequestException e)
        {
            return [Finding.Problem("node", $"{client.BaseAddress} does not answer: {e.Message}", "Start it ('strata cloud --data DIR'), or check --url.")];
        }
        catch (StrataApiException e)
        {
            return [Finding.Problem("node", $"{client.BaseAddress} answers: {e.Message}", "Check the token: --token-file, STRATA_TOKEN, or --data DIR of the node.")];
        }
        var findings = new List<Finding> { Finding.Ok("node", $"{health.Node} answers, up since {health.Started:yyyy-MM-dd HH:mm:ss} UTC, {health.Connections} connections") };
        findings.AddRange(health.Checks.Select(c => new Finding($"node {c.Name}", c.Status switch { "ok" => "ok", "failing" => "problem", _ => "warning" }, c.Detail)));
        findings.Add(Version(health));
        findings.Add(Clock(health));
        await AddGatewaysAsync(findings, client, cancellationToken);
        await AddQuotasAsync(findings, client, cancellationToken);
        return findings;
    }

    private static Finding Version(HealthInfo health)
    {
        var own = VersionCommand.Text.Split('+')[0];
        return health.Version.Split('+')[0] == own
            ? Finding.Ok("versions", $"node and this program are {own}")
            : Finding.Warning("versions", $"the node is {health.Version}, this program {VersionCommand.Text}", "Bring both to one version.");
    }

    private static Finding Clock(HealthInfo health)
    {
        var apart = health.Now - TimeProvider.System.GetUtcNow();
        return apart.Duration() < ClockTolerance
            ? Finding.Ok("node clock", $"{apart.TotalSeconds:0.0} s from this machine's")
            : Finding.Problem("node clock", $"{apart.TotalSeconds:0} s from this machine's", "Synchronise both (timedatectl set-ntp true).");
    }

    private static async Task AddQuotasAsync(List<Finding> findings, StrataClient client, CancellationToken cancellationToken)
    {
        try
        {
            var quotas = await client.GetQuotasAsync(cancellationToken);
            var near = quotas.Quotas.Where(q => q.State != "ok").Select(q => Finding.Warning(
                $"quota {q.Name}", $"{quotas.Tenant} uses {q.Used} of {q.Limit}{(q.State == "exceeded" ? ": more is slowed or refused" : q.Used < 0.8 * q.Limit ? ", and within the last minute some had to wait or were refused" : "")}", "Use less, or have it raised: 'strata quotas set'.")).ToList();
            findings.AddRange(near.Count > 0 ? near : [Finding.Ok("quotas", $"{quotas.Tenant} is near none")]);
        }
        catch (StrataApiException e) when (e.StatusCode is System.Net.HttpStatusCode.NotFound or System.Net.HttpStatusCode.Forbidden)
        {
            return; // A gateway, or not for this token.
        }
    }

    private static async Task AddGatewaysAsync(List<Finding> findings, StrataClient client, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var gateway in (await client.ListGatewaysAsync(cancellationToken: cancellationToken)).Items)
            {
                findings.Add(gateway.State == "offline"
                    ? Finding.Warning($"gateway {gateway.Id}", $"no link since {gateway.LastSeen:yyyy-MM-dd HH:mm:ss} UTC", "Look at its power, network and log; it keeps its devices' readings meanwhile.")
                    : Finding.Ok($"gateway {gateway.Id}", $"{gateway.State}, backlog {gateway.Backlog}"));
            }
        }
        catch (StrataApiException e)
        {
            findings.Add(Finding.Warning("gateways", e.Message, "A gateway node has no list of gateways; ask the cloud node."));
        }
    }
}
