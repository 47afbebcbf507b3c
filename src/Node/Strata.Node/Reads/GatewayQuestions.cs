using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Reads;

/// <summary>Asks gateways, over their links, for what this node does not keep. In a chain the nearest gateway is asked, which asks on.</summary>
public sealed class GatewayQuestions(IFleetRoutes routes, GatewayDirectory gateways, IGatewayAsker asker)
{
    /// <summary>Gateways asked at the same time for one request.</summary>
    private const int MaxAtOnce = 16;

    /// <summary>Devices named in one question; more would make its path too long.</summary>
    private const int MaxDevices = 50;

    public GatewayRoute? RouteTo(TenantId tenant, DeviceId device) => routes.RouteTo(tenant, device);

    /// <summary>Asks the gateway for <paramref name="path"/> and reads its answer.</summary>
    public async Task<Outcome<T>> AskAsync<T>(TenantId tenant, GatewayId gateway, string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var reply = await asker.AskAsync(tenant, Nearest(tenant, gateway), path, cancellationToken);
        if (!reply.IsOk)
            return reply.Problem!;
        var (status, body) = (reply.Value.Status, reply.Value.Body);
        try
        {
            if (status == 200 && JsonSerializer.Deserialize(body.Span, type) is { } value)
                return value;
            return Refused(gateway, status, body);
        }
        catch (JsonException)
        {
            return new Problem(ProblemKind.Unavailable, $"Gateway '{gateway}' answered {status} with something that cannot be read; its version may not fit.");
        }
    }

    /// <summary>
    /// The newest values that are known at gateways only, of those of the devices that have any. Each gateway is asked once for its devices; one that
    /// does not answer contributes nothing.
    /// </summary>
    public async Task<IReadOnlyList<LatestInfo>> LatestAsync(TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken)
    {
        var questions = devices.Select(d => (Device: d, Route: routes.RouteTo(tenant, d))).Where(d => d.Route is { KeepsRaw: true })
            .GroupBy(d => d.Route!.Gateway).SelectMany(g => g.Select(d => d.Device).Chunk(MaxDevices).Select(chunk => (Gateway: g.Key, Devices: chunk)))
            .ToList();
        if (questions.Count == 0)
            return [];
        using var places = new SemaphoreSlim(MaxAtOnce);
        var answers = await Task.WhenAll(questions.Select(async question =>
        {
            await places.WaitAsync(cancellationToken);
            try
            {
                var path = "/api/v1/latest?" + string.Join('&', question.Devices.Select(d => $"device={Uri.EscapeDataString(d.Value)}"));
                var answer = await AskAsync(tenant, question.Gateway, path, ContractsJson.Default.PageLatestInfo, cancellationToken);
                return answer.IsOk ? answer.Value.Items.Select(i => i with { Via = Via(i, question.Gateway) }) : [];
            }
            finally
            {
                places.Release();
            }
        }));
        return [.. answers.SelectMany(a => a)];
    }

    /// <summary>Who had the value: the gateway asked, or, when that one asked on, the gateway it names.</summary>
    private static string Via(LatestInfo item, GatewayId asked) => item.Via is "memory" or "store" ? asked.Value : item.Via;

    /// <summary>The gateway of the chain that dials this node.</summary>
    private GatewayId Nearest(TenantId tenant, GatewayId gateway)
    {
        for (var steps = 0; steps < GatewayDirectory.MaxChain && gateways.TryGet(tenant, gateway, out var entry) && entry.Parent is { } parent; steps++)
            gateway = parent;
        return gateway;
    }

    private static Problem Refused(GatewayId gateway, int status, ReadOnlyMemory<byte> body)
    {
        string? detail = null, field = null;
        using (var answer = JsonDocument.Parse(body.Length == 0 ? "{}"u8.ToArray() : body))
        {
            if (answer.RootElement.ValueKind == JsonValueKind.Object)
            {
                detail = answer.RootElement.TryGetProperty("detail", out var d) ? d.GetString() : null;
                field = answer.RootElement.TryGetProperty("field", out var f) ? f.GetString() : null;
            }
        }
        var kind = status switch { 400 => ProblemKind.Invalid, 404 => ProblemKind.NotFound, _ => ProblemKind.Unavailable };
        return new Problem(kind, detail ?? $"Gateway '{gateway}' answered {status}.", field);
    }
}

/// <summary>The way to a gateway that is linked to this node.</summary>
public interface IGatewayAsker
{
    /// <summary>Asks the gateway's own API (<c>GET</c> under <c>/api/v1/</c>) and waits at most 5 s; a problem when it is not linked or does not answer in time.</summary>
    ValueTask<Outcome<GatewayReply>> AskAsync(TenantId tenant, GatewayId gateway, string path, CancellationToken cancellationToken);
}

/// <summary>What a gateway answered.</summary>
public sealed record GatewayReply(int Status, ReadOnlyMemory<byte> Body);
