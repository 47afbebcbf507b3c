using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Fog.Served;
using Strata.Node;

namespace Strata.Fog.Below;

/// <summary>
/// <c>POST /api/v1/gateways/join</c> at a gateway: the request is passed up with this gateway's own credentials, so that the cloud knows the chain. The
/// parent's answer is passed down as it is. Gateways of guests join their cloud themselves: asking for them here would tell one tenant of another's.
/// </summary>
internal sealed class JoinBelow(ServedTenants served, BelowOptions options)
{
    public static async Task<IResult> HandleAsync(HttpContext context, JoinBelow join, TimeProvider time)
    {
        JoinRequest? request;
        try
        {
            request = await context.Request.ReadFromJsonAsync(ContractsJson.Default.JoinRequest, context.RequestAborted);
        }
        catch (JsonException e)
        {
            return ProblemResults.Of(ProblemKind.Invalid, $"The request is not JSON: {e.Message}");
        }
        return request is null ? ProblemResults.Of(ProblemKind.Invalid, "The request is empty.") : await join.RunAsync(request, time, context.RequestAborted);
    }

    private async Task<IResult> RunAsync(JoinRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        var (parent, below) = (served.Own.Parent, served.Own.Below);
        if (!below.HasRoomFor(request.Name))
            return ProblemResults.Of(ProblemKind.TooMuch, $"{options.MaxGateways:N0} gateways are chained to this one, and no more may be (below.maxGateways).");
        using var deadline = new CancellationTokenSource(options.JoinWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var response = await parent.JoinAsync(request, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                return Results.Text(
                    await response.Content.ReadAsStringAsync(either.Token), response.Content.Headers.ContentType?.ToString(), statusCode: (int)response.StatusCode);
            }
            if (await response.Content.ReadFromJsonAsync(ContractsJson.Default.JoinResponse, either.Token) is not { } joined)
                return ProblemResults.Of(ProblemKind.Unavailable, "The parent's answer is empty.");
            below.Add(joined);
            return TypedResults.Json(joined, ContractsJson.Default.JoinResponse);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return ProblemResults.Of(ProblemKind.Unavailable, $"The parent cannot be asked just now: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ProblemResults.Of(ProblemKind.Unavailable, "The parent did not answer in time.");
        }
    }
}
