using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Gateways;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Rows;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Uplink;
using Strata.Telemetry;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>Gateways as the API shows them: the registry, the link, what the gateway says of itself, and the gaps that the store knows.</summary>
internal sealed class GatewayViews(FleetPresence presence, GatewayLinks links, GatewayStatusBoard statuses, ITelemetryStore store, TimeProvider time)
{
    /// <summary>Gaps looked at per gateway; one that has more shows this many.</summary>
    private const int MaxGaps = 1_000;

    public async Task<IReadOnlyList<GatewayInfo>> ToInfosAsync(TenantId tenant, IReadOnlyList<GatewayRow> rows, CancellationToken cancellationToken)
    {
        var counts = presence.CountByGateway(tenant);
        var infos = new List<GatewayInfo>(rows.Count);
        foreach (var row in rows)
        {
            var id = GatewayId.Parse(row.Id);
            var gaps = row.SecretHash is null ? [] : await store.GapsAsync(tenant, row.Id, null, MaxGaps, cancellationToken);
            infos.Add(ToInfo(tenant, row, id, counts.GetValueOrDefault(id), gaps));
        }
        return infos;
    }

    private GatewayInfo ToInfo(TenantId tenant, GatewayRow row, GatewayId id, int devices, IReadOnlyList<StoredGap> gaps)
    {
        var report = statuses.TryGet(tenant, id, out var newest) ? newest : null;
        var online = links.IsOnline(tenant, id);
        var state = row.SecretHash is null ? "expected" : online ? "online" : "offline";
        var lastSeen = online && links.Since(tenant, id) is not null ? time.GetUtcNow() : Latest(presence.Of(tenant, id), report?.Received);
        return new GatewayInfo(
            row.Id, row.Site, state, lastSeen, links.Since(tenant, id), report?.Status.Version ?? row.Version, row.Mqtt, row.Http, devices,
            report?.Status.Books.BacklogEntries ?? 0, report?.Status.Books.BacklogBytes ?? 0, report?.Status.BacklogSince,
            gaps.Count, gaps.Sum(g => g.Gap.Readings), GatewayCoverage.UplinkOf(row), row.Parent, null, report?.Status.Share);
    }

    private static DateTimeOffset? Latest(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;
}
