using System.Net;
using System.Net.Http.Json;
using System.Security.Authentication;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Fog.Link;
using Strata.Node.Operations;

namespace Strata.Fog.Configuration;

/// <summary>With what a gateway asks to be taken in.</summary>
/// <param name="Id">The id that it wishes; null for any.</param>
internal sealed record JoinWish(string? Token, string? Site, string? Id);

/// <summary>How a gateway gets its identity: once, with a join token.</summary>
/// <param name="ask">What else it must be started with.</param>
/// <param name="waits">Told while the parent does not answer, each time for another reason.</param>
internal sealed class Joining(FogOptions options, JoinWish wish, TenantFolder folder, TimeProvider time, string ask, Action<string> waits)
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    /// <summary>The identity from the folder; else asks the parent until it is there.</summary>
    /// <param name="mqtt">Where devices reach the gateway.</param>
    /// <exception cref="FogConfigurationException">It cannot join as it is configured, or the parent refuses.</exception>
    public async Task<GatewayIdentity> FindAsync(string mqtt, string http, CancellationToken cancellationToken)
    {
        var kept = PrivateFile.Read(folder.Identity, FogJson.Default.GatewayIdentity, out var damage);
        if (damage is not null)
            throw new FogConfigurationException($"{folder.Identity} cannot be read ({damage}); restore it, or delete it and join with a new token.");
        if (kept is not null)
            return kept;
        if (string.IsNullOrWhiteSpace(wish.Token) || string.IsNullOrWhiteSpace(wish.Site))
            throw new FogConfigurationException($"{ask} ('strata gateways token' makes a token).");
        var request = new JoinRequest(wish.Token.Trim(), wish.Site, wish.Id, mqtt, http, NodeDescription.Version);
        var identity = await JoinAsync(request, cancellationToken);
        PrivateFile.Write(folder.Identity, identity, FogJson.Default.GatewayIdentity);
        return identity;
    }

    private async Task<GatewayIdentity> JoinAsync(JoinRequest request, CancellationToken cancellationToken)
    {
        using var client = ParentClient.CreateHttp(options.Cloud, options.CloudCaFile);
        var backoff = new Backoff(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5));
        string? said = null;
        while (true)
        {
            var (identity, problem) = await TryAsync(client, request, cancellationToken);
            if (identity is not null)
                return identity;
            if (said != problem)
                waits(problem);
            said = problem;
            await Task.Delay(backoff.Next(), time, cancellationToken);
        }
    }

    private async Task<(GatewayIdentity? Identity, string Problem)> TryAsync(HttpClient client, JoinRequest request, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var content = JsonContent.Create(request, ContractsJson.Default.JoinRequest);
            using var response = await client.PostAsync(new Uri("api/v1/gateways/join", UriKind.Relative), content, either.Token);
            if (response.IsSuccessStatusCode)
            {
                var joined = await response.Content.ReadFromJsonAsync(ContractsJson.Default.JoinResponse, either.Token);
                return joined is null ? (null, "the answer is empty") : (new GatewayIdentity(joined.Id, joined.Secret, joined.Site, joined.Tenant), "");
            }
            if ((int)response.StatusCode is >= 400 and < 500 and not 408 and not 429)
                throw new FogConfigurationException($"The parent refuses this gateway: {await DetailAsync(response, either.Token)}");
            return (null, $"it answers {(int)response.StatusCode}");
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException untrusted)
        {
            // Asked again: a certificate may be put right while the gateway waits.
            return (null, $"its certificate does not lead to {(options.CloudCaFile is null ? "an authority of this machine; name its own by --ca" : $"an authority of --ca {options.CloudCaFile}")}, or is for another name ({untrusted.Message.TrimEnd('.')})");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return (null, e.Message.TrimEnd('.'));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"no answer within {AnswerWithin.TotalSeconds:0} s");
        }
    }

    private static async Task<string> DetailAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            using var problem = JsonDocument.Parse(text);
            if (problem.RootElement.ValueKind == JsonValueKind.Object && problem.RootElement.TryGetProperty("detail", out var detail))
                return detail.GetString() ?? response.StatusCode.ToString();
        }
        catch (JsonException)
        {
            return response.StatusCode == HttpStatusCode.NotFound ? "there is no Strata node at this address." : $"it answers {(int)response.StatusCode}.";
        }
        return $"it answers {(int)response.StatusCode}.";
    }
}
