namespace Strata.Cloud.Tests.Access;

/// <summary>What an attack names: things of one part of one tenant, every name with a word in it by which a leak is found.</summary>
/// <param name="Word">Stands in every name; nobody else's contains it.</param>
internal sealed record Target(string Word)
{
    public string Site => $"{Word}/floor-{Word}";

    public string Device => $"d-{Word}";

    public string Gateway => $"g-{Word}";

    public string Group => $"w-{Word}";

    public string Metric => $"m-{Word}";

    public string Tenant => $"{Word}-corp";

    /// <summary>The id of a token that is theirs; drawn by the node.</summary>
    public string Token { get; set; } = "nosuchtkn1";
}

/// <summary>
/// Every route of the node and how it is attacked: with which paths, and for those that change something with which body. A route that is not here fails
/// the build's tests: decide what it asks, and add it.
/// </summary>
internal static class AttackSurface
{
    public static IReadOnlyDictionary<string, Attack> Routes { get; } = new Dictionary<string, Attack>
    {
        // The API's reads.
        ["GET /api/v1/sites"] = new(_ => ["/api/v1/sites"]),
        ["GET /api/v1/gateways"] = new(t => ["/api/v1/gateways", $"/api/v1/gateways?site={t.Site}"]),
        ["GET /api/v1/gateways/{id}"] = new(t => [$"/api/v1/gateways/{t.Gateway}"]),
        ["GET /api/v1/gateways/{id}/api/v1/{**rest}"] = new(t => [$"/api/v1/gateways/{t.Gateway}/api/v1/latest"]) { MayBeOffline = true },
        ["GET /api/v1/devices"] = new(t => ["/api/v1/devices", $"/api/v1/devices?site={t.Site}", $"/api/v1/devices?search={t.Word}", $"/api/v1/devices?gateway={t.Gateway}", $"/api/v1/devices?query=site:{t.Site}", $"/api/v1/devices?query=\"{t.Word}\"", $"/api/v1/devices?query=group:{t.Group}",
            $"/api/v1/devices?query=metric.{t.Metric}=*"]),
        ["POST /api/v1/rollouts/plan"] = new(_ => ["/api/v1/rollouts/plan"], t => $$"""{"artifact":"{{t.Word}}","query":"site:{{t.Site}}"}"""),
        ["POST /api/v1/rollouts"] = new(_ => ["/api/v1/rollouts"], t => $$"""{"artifact":"{{t.Word}}","query":"site:{{t.Site}}"}"""),
        ["GET /api/v1/rollouts"] = new(_ => ["/api/v1/rollouts"]),
        ["GET /api/v1/rollouts/affected"] = new(t => [$"/api/v1/rollouts/affected?component={t.Word}"]),
        ["GET /api/v1/rollouts/{id}"] = new(t => [$"/api/v1/rollouts/{t.Word}"]),
        ["DELETE /api/v1/rollouts/{id}"] = new(t => [$"/api/v1/rollouts/{t.Word}"], _ => ""),
        ["GET /api/v1/rollouts/{id}/devices"] = new(t => [$"/api/v1/rollouts/{t.Word}/devices"]),
        ["POST /api/v1/rollouts/{id}/start"] = new(t => [$"/api/v1/rollouts/{t.Word}/start"], _ => ""),
        ["POST /api/v1/rollouts/{id}/approve"] = new(t => [$"/api/v1/rollouts/{t.Word}/approve"], _ => ""),
        ["POST /api/v1/rollouts/{id}/pause"] = new(t => [$"/api/v1/rollouts/{t.Word}/pause"], _ => ""),
        ["POST /api/v1/rollouts/{id}/resume"] = new(t => [$"/api/v1/rollouts/{t.Word}/resume"], _ => ""),
        ["POST /api/v1/rollouts/{id}/abort"] = new(t => [$"/api/v1/rollouts/{t.Word}/abort"], _ => ""),
        ["POST /api/v1/rollouts/{id}/retry"] = new(t => [$"/api/v1/rollouts/{t.Word}/retry"], _ => ""),
        ["POST /api/v1/rollouts/{id}/rollback"] = new(t => [$"/api/v1/rollouts/{t.Word}/rollback"], _ => ""),
        ["GET /api/v1/devices/{id}/software"] = new(t => [$"/api/v1/devices/{t.Device}/software"]),
        ["GET /api/v1/devices/{id}/jobs/next"] = new(t => [$"/api/v1/devices/{t.Device}/jobs/next"]),
        ["PUT /api/v1/devices/{id}/jobs/software"] = new(t => [$"/api/v1/devices/{t.Device}/jobs/software"], t => $$"""{"c-{{t.Word}}":"1.0"}"""),
        ["PUT /api/v1/devices/{id}/jobs/{job}"] = new(t => [$"/api/v1/devices/{t.Device}/jobs/{t.Word}"], _ => """{"state":"succeeded"}"""),
        ["GET /api/v1/groups"] = new(_ => ["/api/v1/groups"]),
        ["GET /api/v1/groups/{id}"] = new(t => [$"/api/v1/groups/{t.Group}"]),
        ["GET /api/v1/bulk"] = new(_ => ["/api/v1/bulk"]),
        ["GET /api/v1/bulk/{id}"] = new(t => [$"/api/v1/bulk/{t.Word}"]),
        ["POST /api/v1/bulk"] = new(_ => ["/api/v1/bulk"], t => $$"""{"query":"site:{{t.Site}}","move":"maintenance","cause":"{{t.Word}}"}"""),
        ["POST /api/v1/bulk/{id}/undo"] = new(t => [$"/api/v1/bulk/{t.Word}/undo"], _ => ""),
        ["POST /api/v1/devices/{id}/commands"] = new(t => [$"/api/v1/devices/{t.Device}/commands"], t => $$"""{"name":"ping","request":"r-{{t.Word}}"}"""),
        ["GET /api/v1/devices/{id}/commands"] = new(t => [$"/api/v1/devices/{t.Device}/commands"]),
        ["GET /api/v1/devices/{id}/commands/{request}"] = new(t => [$"/api/v1/devices/{t.Device}/commands/r-{t.Word}"]),
        ["POST /api/v1/devices/{id}/commands/{request}/cancel"] = new(t => [$"/api/v1/devices/{t.Device}/commands/r-{t.Word}/cancel"], _ => ""),
        ["GET /api/v1/commands"] = new(t => ["/api/v1/commands", $"/api/v1/commands?device={t.Device}", $"/api/v1/commands?run=run.{t.Word}"]),
        ["GET /api/v1/commands/schemas"] = new(_ => ["/api/v1/commands/schemas"]),
        ["PUT /api/v1/commands/schemas/{model}/{name}"] = new(t => [$"/api/v1/commands/schemas/m-{t.Word}/ping"], _ => """{"type":"object"}""") { IsOwn = true },
        ["DELETE /api/v1/commands/schemas/{model}/{name}"] = new(t => [$"/api/v1/commands/schemas/m-{t.Word}/ping"], _ => "") { IsOwn = true },
        ["GET /api/v1/commands/runs"] = new(_ => ["/api/v1/commands/runs"]),
        ["POST /api/v1/commands/runs"] = new(_ => ["/api/v1/commands/runs"], t => $$"""{"query":"site:{{t.Site}}","name":"ping"}"""),
        ["GET /api/v1/commands/runs/{id}"] = new(t => [$"/api/v1/commands/runs/run.{t.Word}"]),
        ["POST /api/v1/commands/runs/{id}/cancel"] = new(t => [$"/api/v1/commands/runs/run.{t.Word}/cancel"], _ => ""),
        ["GET /api/v1/commands/schedules"] = new(_ => ["/api/v1/commands/schedules"]),
        ["PUT /api/v1/commands/schedules/{id}"] = new(t => [$"/api/v1/commands/schedules/s-{t.Word}"], t => $$"""{"run":{"query":"site:{{t.Site}}","name":"ping"},"cron":"0 3 * * *"}""") { IsOwn = true },
        ["DELETE /api/v1/commands/schedules/{id}"] = new(t => [$"/api/v1/commands/schedules/s-{t.Word}"], _ => "") { IsOwn = true },
        ["GET /api/v1/hooks"] = new(_ => ["/api/v1/hooks"]),
        ["PUT /api/v1/hooks/{name}"] = new(t => [$"/api/v1/hooks/h-{t.Word}"], t => $$"""{"url":"https://{{t.Word}}.example/"}"""),
        ["DELETE /api/v1/hooks/{name}"] = new(t => [$"/api/v1/hooks/h-{t.Word}"], _ => ""),
        ["POST /api/v1/devices/{id}/swap"] = new(t => [$"/api/v1/devices/{t.Device}/swap"], t => $$"""{"new":"{{t.Device}}"}"""),
        ["POST /api/v1/devices/{id}/decommission"] = new(t => [$"/api/v1/devices/{t.Device}/decommission"], _ => "{}"),
        ["GET /api/v1/devices/{id}/decommission"] = new(t => [$"/api/v1/devices/{t.Device}/decommission"]),
        ["GET /api/v1/devices/{id}/erasure"] = new(t => [$"/api/v1/devices/{t.Device}/erasure"]),
        ["GET /api/v1/devices/{id}/archive"] = new(t => [$"/api/v1/devices/{t.Device}/archive"]),
        ["GET /api/v1/decommissioning/policy"] = new(_ => ["/api/v1/decommissioning/policy"]),
        ["PUT /api/v1/decommissioning/policy"] = new(_ => ["/api/v1/decommissioning/policy"], _ => """{"readings":"erase"}""") { IsOwn = true },
        ["POST /api/v1/devices/{id}/transfer"] = new(t => [$"/api/v1/devices/{t.Device}/transfer"], _ => """{"to":"elsewhere"}"""),
        ["GET /api/v1/transfers"] = new(_ => ["/api/v1/transfers"]),
        ["POST /api/v1/transfers/{id}/accept"] = new(t => [$"/api/v1/transfers/{t.Word}/accept"], _ => "{}"),
        ["DELETE /api/v1/transfers/{id}"] = new(t => [$"/api/v1/transfers/{t.Word}"], _ => ""),
        ["GET /pki/erasure.pem"] = new(_ => ["/pki/erasure.pem"]),
        ["PUT /api/v1/groups/{id}"] = new(t => [$"/api/v1/groups/{t.Group}"], t => $$"""{"sites":["{{t.Site}}"]}"""),
        ["DELETE /api/v1/groups/{id}"] = new(t => [$"/api/v1/groups/{t.Group}"], _ => ""),
        ["GET /api/v1/devices/rejected"] = new(_ => ["/api/v1/devices/rejected"]),
        ["GET /api/v1/devices/{id}"] = new(t => [$"/api/v1/devices/{t.Device}"]),
        ["GET /api/v1/devices/{id}/history"] = new(t => [$"/api/v1/devices/{t.Device}/history"]),
        ["GET /api/v1/export"] = new(t => ["/api/v1/export", $"/api/v1/export?site={t.Site}"]),
        ["GET /api/v1/readings"] = new(t =>
        [
            "/api/v1/readings", "/api/v1/readings?format=csv", $"/api/v1/readings?device={t.Device}", $"/api/v1/readings?metric={t.Metric}",
            $"/api/v1/readings?device={t.Device}&at=gateway", $"/api/v1/readings?device={t.Device}&every=1d&aggregate=count", "/api/v1/readings?every=1d&aggregate=count&format=csv",
        ]),
        ["GET /api/v1/readings/count"] = new(t => ["/api/v1/readings/count", $"/api/v1/readings/count?device={t.Device}"]),
        ["GET /api/v1/windows"] = new(t => ["/api/v1/windows", $"/api/v1/windows?site={t.Site}", $"/api/v1/windows?group={t.Group}", "/api/v1/windows?limit=1"]),
        ["GET /api/v1/windows/{group}/{start}/readings"] = new(t => [$"/api/v1/windows/{t.Group}/1767225600000/readings"]) { MayBeOffline = true },
        ["GET /api/v1/latest"] = new(t => ["/api/v1/latest", $"/api/v1/latest?device={t.Device}", $"/api/v1/latest?site={t.Site}"]),
        ["GET /api/v1/events"] = new(t => ["/api/v1/events", $"/api/v1/events?device={t.Device}", $"/api/v1/events?gateway={t.Gateway}", "/api/v1/events?limit=1"]),
        ["GET /api/v1/gaps"] = new(t => ["/api/v1/gaps", $"/api/v1/gaps?gateway={t.Gateway}"]),
        ["GET /api/v1/traces/{device}/{metric}"] = new(t => [$"/api/v1/traces/{t.Device}/{t.Metric}"]),
        ["GET /api/v1/statistics"] = new(_ => ["/api/v1/statistics"]),
        ["GET /api/v1/health"] = new(_ => ["/api/v1/health"]),
        ["GET /api/v1/live"] = new(t => [$"/api/v1/live?device={t.Device}"]) { IsStream = true },
        ["GET /api/v1/audit"] = new(t => ["/api/v1/audit", $"/api/v1/audit?id={t.Device}", "/api/v1/audit?from=2020-01-01&action=create"]),
        ["GET /api/v1/audit/verification"] = new(_ => ["/api/v1/audit/verification"]),
        ["GET /api/v1/audit/export"] = new(_ => ["/api/v1/audit/export"]),
        ["GET /api/v1/tenants"] = new(_ => ["/api/v1/tenants"]),
        ["GET /api/v1/tenants/{id}"] = new(t => [$"/api/v1/tenants/{t.Tenant}"]),
        ["GET /api/v1/isolation"] = new(_ => ["/api/v1/isolation"]),
        ["GET /api/v1/tenants/{id}/isolation"] = new(t => [$"/api/v1/tenants/{t.Tenant}/isolation"]),
        ["GET /api/v1/tokens"] = new(t => ["/api/v1/tokens", $"/api/v1/tokens?search={t.Word}", $"/api/v1/tokens?search=strata_{t.Token}"]),
        ["GET /api/v1/usage"] = new(_ => ["/api/v1/usage", "/api/v1/usage?every=hour&by=class"]),
        ["GET /api/v1/quotas"] = new(_ => ["/api/v1/quotas"]),
        ["GET /api/v1/quotas/plans"] = new(_ => ["/api/v1/quotas/plans"]),
        ["GET /api/v1/roles"] = new(_ => ["/api/v1/roles"]),
        ["GET /api/v1/shares"] = new(_ => ["/api/v1/shares"]),
        ["GET /api/v1/shares/received"] = new(_ => ["/api/v1/shares/received"]),
        ["GET /api/v1/shares/own"] = new(_ => ["/api/v1/shares/own"]),
        ["GET /api/v1/views"] = new(_ => ["/api/v1/views"]),
        ["GET /api/v1/views/templates"] = new(_ => ["/api/v1/views/templates"]),
        ["GET /api/v1/views/{name}"] = new(t => [$"/api/v1/views/view-{t.Word}", $"/api/v1/views/viewer-{t.Word}"]),

        ["GET /api/v1/mqtt/status"] = new(_ => ["/api/v1/mqtt/status"]),
        ["GET /api/v1/mqtt/clients"] = new(t => ["/api/v1/mqtt/clients", $"/api/v1/mqtt/clients?client={t.Device}"]),
        ["GET /api/v1/mqtt/top"] = new(t => ["/api/v1/mqtt/top", $"/api/v1/mqtt/top?client={t.Device}"]),
        ["GET /api/v1/mqtt/subscriptions"] = new(t => ["/api/v1/mqtt/subscriptions", $"/api/v1/mqtt/subscriptions?client={t.Device}"]),
        ["GET /api/v1/mqtt/retained"] = new(_ => ["/api/v1/mqtt/retained"]),
        ["GET /api/v1/mqtt/bans"] = new(_ => ["/api/v1/mqtt/bans"]),
        ["GET /api/v1/mqtt/trace"] = new(t => [$"/api/v1/mqtt/trace?client={t.Device}"]) { IsStream = true },

        // Money and promises.
        ["GET /api/v1/fleet/report"] = new(t => ["/api/v1/fleet/report", $"/api/v1/fleet/report?site={t.Site}", "/api/v1/fleet/report?by=site", "/api/v1/fleet/report?by=gateway&format=csv"]),
        ["GET /api/v1/fleet/devices"] = new(t => ["/api/v1/fleet/devices", $"/api/v1/fleet/devices?site={t.Site}", "/api/v1/fleet/devices?bucket=waiting&format=csv", $"/api/v1/fleet/devices?gateway={t.Gateway}"]),
        ["GET /api/v1/fleet/trend"] = new(_ => ["/api/v1/fleet/trend"]),
        ["GET /api/v1/fleet/forecast"] = new(t => ["/api/v1/fleet/forecast", $"/api/v1/fleet/forecast?site={t.Site}"]),
        ["GET /api/v1/workorders"] = new(t => ["/api/v1/workorders", $"/api/v1/workorders?site={t.Site}&state=open", "/api/v1/workorders?format=csv"]),
        ["GET /api/v1/workorders/routes"] = new(t => [$"/api/v1/workorders/routes?technicians={t.Word}"]),
        ["GET /api/v1/workorders/calendar.ics"] = new(_ => ["/api/v1/workorders/calendar.ics"]),
        ["GET /api/v1/workorders/{id}"] = new(t => [$"/api/v1/workorders/w-{t.Word}"]),
        ["POST /api/v1/workorders"] = new(_ => ["/api/v1/workorders"], t => $$"""{"kind":"inspect","devices":["{{t.Device}}"]}"""),
        ["POST /api/v1/workorders/scan"] = new(_ => ["/api/v1/workorders/scan"], t => $$"""{"code":"{{t.Device}}"}"""),
        ["PATCH /api/v1/workorders/{id}"] = new(t => [$"/api/v1/workorders/w-{t.Word}"], t => $$"""{"assignee":"{{t.Word}}"}"""),
        ["GET /api/v1/maintenance/windows"] = new(_ => ["/api/v1/maintenance/windows"]),
        ["POST /api/v1/maintenance/windows"] = new(_ => ["/api/v1/maintenance/windows"], t => $$"""{"site":"{{t.Site}}","from":"2099-01-01T00:00:00Z","to":"2099-01-02T00:00:00Z","reason":"{{t.Word}}"}"""),
        ["DELETE /api/v1/maintenance/windows/{id}"] = new(t => [$"/api/v1/maintenance/windows/m-{t.Word}"], _ => ""),
        ["GET /api/v1/fleet/policy"] = new(_ => ["/api/v1/fleet/policy"]),
        ["PATCH /api/v1/fleet/policy"] = new(_ => ["/api/v1/fleet/policy"], _ => """{"lowBatteryPercent":77}""") { IsOwn = true },
        ["GET /api/v1/billing/plans"] = new(_ => ["/api/v1/billing/plans"]),
        ["PUT /api/v1/billing/plans/{name}"] = new(t => [$"/api/v1/billing/plans/p-{t.Word}"], _ => """{"currency":"USD","rates":[{"unit":"gb","tiers":[{"price":1}]}]}"""),
        ["GET /api/v1/billing/assignments"] = new(_ => ["/api/v1/billing/assignments"]),
        ["POST /api/v1/billing/assignments"] = new(_ => ["/api/v1/billing/assignments"], t => $$"""{"plan":"p-{{t.Word}}"}"""),
        ["GET /api/v1/billing/statements"] = new(_ => ["/api/v1/billing/statements"]),
        ["GET /api/v1/billing/statements/{month}"] = new(_ => ["/api/v1/billing/statements/2026-01", "/api/v1/billing/statements/2026-01?hours=true", "/api/v1/billing/statements/2026-01?format=csv", "/api/v1/billing/statements/2026-01?format=html"]),
        ["POST /api/v1/billing/statements/{month}/close"] = new(_ => ["/api/v1/billing/statements/2026-01/close"], _ => ""),
        ["GET /api/v1/billing/statements/{month}/verification"] = new(_ => ["/api/v1/billing/statements/2026-01/verification"]),
        ["POST /api/v1/billing/statements/{month}/credit-notes"] = new(_ => ["/api/v1/billing/statements/2026-01/credit-notes"], t => $$"""{"amount":1,"reason":"{{t.Word}}"}"""),
        ["GET /api/v1/sla/objectives"] = new(_ => ["/api/v1/sla/objectives"]),
        ["PUT /api/v1/sla/objectives/{kind}"] = new(_ => ["/api/v1/sla/objectives/api-availability"], _ => """{"target":50}"""),
        ["DELETE /api/v1/sla/objectives/{kind}"] = new(_ => ["/api/v1/sla/objectives/api-availability"], _ => ""),
        ["GET /api/v1/sla/reports/{month}"] = new(_ => ["/api/v1/sla/reports/2026-01", "/api/v1/sla/reports/2026-01?format=csv", "/api/v1/sla/reports/2026-01?format=html"]),
        ["GET /api/v1/sla/maintenance"] = new(_ => ["/api/v1/sla/maintenance"]),
        ["POST /api/v1/sla/maintenance"] = new(_ => ["/api/v1/sla/maintenance"], t => $$"""{"from":"2099-01-01T00:00:00Z","to":"2099-01-01T01:00:00Z","reason":"{{t.Word}}"}"""),
        ["DELETE /api/v1/sla/maintenance/{id}"] = new(t => [$"/api/v1/sla/maintenance/{t.Word}"], _ => ""),

        // Certificates.
        ["GET /api/v1/certificates"] = new(t => ["/api/v1/certificates", $"/api/v1/certificates?device={t.Device}", "/api/v1/certificates?standing=good"]),
        ["GET /api/v1/ca/chain"] = new(_ => ["/api/v1/ca/chain"]),
        ["POST /api/v1/ca"] = new(_ => ["/api/v1/ca"], _ => ""),
        ["DELETE /api/v1/ca/root-key"] = new(_ => ["/api/v1/ca/root-key?fingerprint=00"], _ => ""),
        ["GET /api/v1/certificates/summary"] = new(_ => ["/api/v1/certificates/summary"]),
        ["POST /api/v1/devices/{id}/certificates"] = new(t => [$"/api/v1/devices/{t.Device}/certificates"], _ => """{"csr":"taken"}"""),
        ["POST /api/v1/certificates/revocations"] = new(_ => ["/api/v1/certificates/revocations"], t => $$"""{"device":"{{t.Device}}"}"""),
        ["POST /api/v1/certificates/{serial}/reinstatement"] = new(t => [$"/api/v1/certificates/{t.Word}/reinstatement"], _ => ""),
        ["GET /api/v1/ca/authorities"] = new(_ => ["/api/v1/ca/authorities"]),
        ["POST /api/v1/ca/authorities"] = new(_ => ["/api/v1/ca/authorities"], _ => """{"certificate":"taken"}"""),
        ["POST /api/v1/ca/authorities/{authority}/proof"] = new(t => [$"/api/v1/ca/authorities/{t.Word}/proof"], _ => """{"certificate":"taken"}"""),
        ["GET /api/v1/ca/rollover"] = new(_ => ["/api/v1/ca/rollover"]),
        ["GET /api/v1/ca/root-list"] = new(_ => ["/api/v1/ca/root-list"]),
        ["PUT /api/v1/ca/root-list"] = new(_ => ["/api/v1/ca/root-list"], _ => """{"list":"taken"}"""),
        ["GET /api/v1/ca/installation/rollover"] = new(_ => ["/api/v1/ca/installation/rollover"]),
        ["POST /api/v1/ca/installation/rollover"] = new(_ => ["/api/v1/ca/installation/rollover"], _ => "{}"),
        ["POST /api/v1/ca/rollover"] = new(_ => ["/api/v1/ca/rollover"], _ => "{}") { IsOwn = true },
        ["POST /api/v1/factory/batches"] = new(_ => ["/api/v1/factory/batches"], _ => """{"name":"taken batch"}"""),
        ["POST /api/v1/factory/batches/{batch}/certificates"] = new(t => [$"/api/v1/factory/batches/{t.Word}/certificates"], _ => """{"items":[{"serial":"taken","key":"AA=="}]}"""),
        ["POST /api/v1/certificates/claims"] = new(_ => ["/api/v1/certificates/claims"], _ => """{"name":"taken","csr":"taken"}"""),
        ["GET /api/v1/certificates/policy"] = new(_ => ["/api/v1/certificates/policy"]),
        ["PUT /api/v1/certificates/policy"] = new(_ => ["/api/v1/certificates/policy"], _ => """{"lifetime":"90.00:00:00","grace":"30.00:00:00","secrets":"allowed"}""") { IsOwn = true },
        ["GET /.well-known/est/cacerts"] = new(_ => ["/.well-known/est/cacerts"]),
        ["GET /.well-known/est/{label}/cacerts"] = new(t => [$"/.well-known/est/{t.Tenant}/cacerts"]),
        ["POST /.well-known/est/simpleenroll"] = new(_ => ["/.well-known/est/simpleenroll"], _ => "taken") { IsOwn = true },
        ["POST /.well-known/est/{label}/simpleenroll"] = new(t => [$"/.well-known/est/{t.Tenant}/simpleenroll"], _ => "taken") { IsOwn = true },
        ["POST /.well-known/est/simplereenroll"] = new(_ => ["/.well-known/est/simplereenroll"], _ => "taken") { IsOwn = true },
        ["POST /.well-known/est/{label}/simplereenroll"] = new(t => [$"/.well-known/est/{t.Tenant}/simplereenroll"], _ => "taken") { IsOwn = true },
        ["GET /pki/crl/{authority}.crl"] = new(t => [$"/pki/crl/{t.Word}.crl"]),
        ["POST /pki/ocsp"] = new(_ => ["/pki/ocsp"], _ => "taken") { IsOwn = true },
        ["GET /pki/ocsp/{request}"] = new(t => [$"/pki/ocsp/{t.Word}-"]),

        // How devices come in.
        ["GET /api/v1/templates"] = new(_ => ["/api/v1/templates"]),
        ["POST /api/v1/templates"] = new(_ => ["/api/v1/templates"], t => $"apiVersion: strata/v1\ntemplates: [{{name: t-{t.Word}, assign: {{name: '{{serial}}', site: {t.Site}}}}}]\n"),
        ["POST /api/v1/templates/test"] = new(_ => ["/api/v1/templates/test"], t => $$"""{"sku":"{{t.Word}}"}"""),
        ["DELETE /api/v1/templates/{name}"] = new(t => [$"/api/v1/templates/t-{t.Word}"], _ => ""),
        ["GET /api/v1/provisioning/groups"] = new(_ => ["/api/v1/provisioning/groups"]),
        ["PUT /api/v1/provisioning/groups/{name}"] = new(t => [$"/api/v1/provisioning/groups/e-{t.Word}"], t => $$"""{"allow":["{{t.Word}}"]}"""),
        ["POST /api/v1/provisioning/groups/{name}/key"] = new(t => [$"/api/v1/provisioning/groups/e-{t.Word}/key"], _ => ""),
        ["DELETE /api/v1/provisioning/groups/{name}"] = new(t => [$"/api/v1/provisioning/groups/e-{t.Word}"], _ => ""),
        ["POST /api/v1/provisioning/hook-key"] = new(_ => ["/api/v1/provisioning/hook-key"], _ => "") { IsOwn = true },
        ["GET /api/v1/provisioning/approvals"] = new(_ => ["/api/v1/provisioning/approvals", "/api/v1/provisioning/approvals?state=denied"]),
        ["POST /api/v1/provisioning/approvals/{id}"] = new(t => [$"/api/v1/provisioning/approvals/{t.Word}"], _ => """{"decision":"approve"}"""),
        ["POST /api/v1/provisioning/devices"] = new(_ => ["/api/v1/provisioning/devices"], t => $$"""{"template":"t-{{t.Word}}","devices":[{"serial":"{{t.Word}}"}]}"""),
        ["GET /api/v1/provisioning/groups/{name}/endorsement-keys"] = new(t => [$"/api/v1/provisioning/groups/t-{t.Word}/endorsement-keys"]),
        ["POST /api/v1/provisioning/groups/{name}/endorsement-keys"] = new(t => [$"/api/v1/provisioning/groups/t-{t.Word}/endorsement-keys"], t => $$"""{"items":[{"registration":"{{t.Word}}","key":"AAAA"}]}"""),
        ["DELETE /api/v1/provisioning/groups/{name}/endorsement-keys/{registration}"] = new(t => [$"/api/v1/provisioning/groups/t-{t.Word}/endorsement-keys/{t.Word}"], _ => ""),
        ["POST /api/v1/provisioning/tpm/challenges"] = new(_ => ["/api/v1/provisioning/tpm/challenges"], t => $$"""{"tenant":"{{t.Tenant}}","group":"t-{{t.Word}}","endorsementKey":"AAAA","attestationKey":"AAAA"}"""),
        ["POST /api/v1/provisioning/tpm/enroll"] = new(_ => ["/api/v1/provisioning/tpm/enroll"], t => $$"""{"challenge":"{{t.Word}}","answer":"AAAA","signature":"AAAA"}"""),
        ["POST /api/v1/provisioning/enroll"] = new(_ => ["/api/v1/provisioning/enroll"], t => $$"""{"tenant":"{{t.Tenant}}","group":"e-{{t.Word}}","registration":"{{t.Word}}","time":1,"signature":"AAAA"}"""),

        // What installers do.
        ["GET /api/v1/labels"] = new(t => [$"/api/v1/labels?code={t.Device}", $"/api/v1/labels?code=strata:{t.Tenant}/{t.Device}", $"/api/v1/labels?code=serial-{t.Word}"]),
        ["GET /api/v1/mountings"] = new(t => ["/api/v1/mountings", $"/api/v1/mountings?device={t.Device}"]),
        ["GET /api/v1/mountings/{id}/photo"] = new(t => [$"/api/v1/mountings/mounting-{t.Word}/photo"]),
        ["POST /api/v1/mountings"] = new(_ => ["/api/v1/mountings"], t => $$"""{"id":"attack-{{Guid.NewGuid():N}}","code":"{{t.Device}}","site":"{{t.Site}}","replaces":"{{t.Site}}"}"""),

        // Configuration.
        ["GET /api/v1/devices/{id}/configuration"] = new(t => [$"/api/v1/devices/{t.Device}/configuration"]),
        ["GET /api/v1/configuration/layers"] = new(_ => ["/api/v1/configuration/layers"]),
        ["GET /api/v1/configuration/layers/{**layer}"] = new(t => [$"/api/v1/configuration/layers/device/{t.Device}", $"/api/v1/configuration/layers/site/{t.Site}"]),
        ["PUT /api/v1/configuration/layers/{**layer}"] = new(t => [$"/api/v1/configuration/layers/device/{t.Device}", $"/api/v1/configuration/layers/site/{t.Site}"], t => $$"""{"taken":"{{t.Word}}"}"""),
        ["DELETE /api/v1/configuration/layers/{**layer}"] = new(t => [$"/api/v1/configuration/layers/device/{t.Device}"], _ => ""),
        ["GET /api/v1/configuration/schemas/{model}"] = new(t => [$"/api/v1/configuration/schemas/m-{t.Word}"]),
        ["PUT /api/v1/configuration/schemas/{model}"] = new(t => [$"/api/v1/configuration/schemas/m-{t.Word}"], _ => "{}") { IsOwn = true },
        ["DELETE /api/v1/configuration/schemas/{model}"] = new(t => [$"/api/v1/configuration/schemas/m-{t.Word}"], _ => ""),

        // What updates are made of.
        ["GET /api/v1/artifacts"] = new(t => ["/api/v1/artifacts", $"/api/v1/artifacts?component=c-{t.Word}", $"/api/v1/artifacts?part={t.Word}"]),
        ["POST /api/v1/artifacts"] = new(_ => ["/api/v1/artifacts"], t => $$"""{"manifest":"e30=","signatures":[{"key":"k-{{t.Word}}","algorithm":"ed25519","signature":"AAAA"}]}"""),
        ["GET /api/v1/artifacts/{component}/{version}/{hash}"] = new(t => [$"/api/v1/artifacts/c-{t.Word}/1.0/{t.Word}"]),
        ["GET /api/v1/artifacts/{component}/{version}/{hash}/sbom"] = new(t => [$"/api/v1/artifacts/c-{t.Word}/1.0/{t.Word}/sbom"]),
        ["DELETE /api/v1/artifacts/{component}/{version}/{hash}"] = new(t => [$"/api/v1/artifacts/c-{t.Word}/1.0/{t.Word}"], _ => ""),
        ["PUT /api/v1/artifact-contents/{sha256}"] = new(_ => [$"/api/v1/artifact-contents/{new string('0', 64)}"], t => t.Word),
        ["GET /api/v1/artifact-keys"] = new(_ => ["/api/v1/artifact-keys"]),
        ["PUT /api/v1/artifact-keys/{id}"] = new(t => [$"/api/v1/artifact-keys/k-{t.Word}"], _ => """{"algorithm":"ed25519","publicKey":"AAAA"}"""),
        ["DELETE /api/v1/artifact-keys/{id}"] = new(t => [$"/api/v1/artifact-keys/k-{t.Word}"], _ => ""),
        ["GET /api/v1/artifact-policy"] = new(_ => ["/api/v1/artifact-policy"]),
        ["PUT /api/v1/artifact-policy"] = new(_ => ["/api/v1/artifact-policy"], _ => """{"threshold":2}""") { IsOwn = true },
        ["GET /artifacts/{sha256}"] = new(t => [$"/artifacts/{t.Word}"]),

        // Shadows.
        ["POST /api/v1/gateways/{id}/shadows"] = new(t => [$"/api/v1/gateways/{t.Gateway}/shadows"], t => $$"""{"changes":[],"known":[{"device":"{{t.Device}}","versions":{} }]}"""),
        ["GET /api/v1/devices/{id}/shadow"] = new(t => [$"/api/v1/devices/{t.Device}/shadow", $"/api/v1/devices/{t.Device}/shadow?version=1"]),
        ["GET /api/v1/devices/{id}/shadow/names"] = new(t => [$"/api/v1/devices/{t.Device}/shadow/names"]),
        ["GET /api/v1/devices/{id}/shadow/history"] = new(t => [$"/api/v1/devices/{t.Device}/shadow/history"]),
        ["GET /api/v1/devices/{id}/shadow/diff"] = new(t => [$"/api/v1/devices/{t.Device}/shadow/diff", $"/api/v1/devices/{t.Device}/shadow/diff?from=0"]),
        ["GET /api/v1/devices/{id}/shadow/why"] = new(t => [$"/api/v1/devices/{t.Device}/shadow/why"]),
        ["PATCH /api/v1/devices/{id}/shadow"] = new(t => [$"/api/v1/devices/{t.Device}/shadow"], t => $$$"""{"state":{"desired":{"taken":"{{{t.Word}}}"} } }"""),
        ["DELETE /api/v1/devices/{id}/shadow"] = new(t => [$"/api/v1/devices/{t.Device}/shadow"], _ => ""),
        ["POST /api/v1/devices/{id}/shadow/undo"] = new(t => [$"/api/v1/devices/{t.Device}/shadow/undo"], _ => "{}"),

        // The API's changes.
        ["POST /api/v1/mqtt/disconnect"] = new(t => [$"/api/v1/mqtt/disconnect?client={t.Device}"], _ => "") { EndsNothingElsewhere = true },
        ["POST /api/v1/mqtt/bans"] = new(t => [$"/api/v1/mqtt/bans?kind=client&value={t.Device}"], _ => "") { EndsNothingElsewhere = true },
        ["DELETE /api/v1/mqtt/bans"] = new(t => [$"/api/v1/mqtt/bans?kind=client&value={t.Device}"], _ => "") { EndsNothingElsewhere = true },
        ["POST /api/v1/devices"] = new(t => ["/api/v1/devices"], t => $$"""{"id":"new-{{t.Word}}","site":"{{t.Site}}"}"""),
        ["POST /api/v1/devices/{id}/secret"] = new(t => [$"/api/v1/devices/{t.Device}/secret"], _ => ""),
        ["PATCH /api/v1/devices/{id}"] = new(t => [$"/api/v1/devices/{t.Device}"], t => $$$"""{"site":"{{{t.Site}}}","tags":{"taken":"{{{t.Word}}}"}}"""),
        ["POST /api/v1/devices/{id}/state"] = new(t => [$"/api/v1/devices/{t.Device}/state"], t => $$"""{"state":"maintenance","cause":"{{t.Word}}"}"""),
        ["DELETE /api/v1/devices/{id}"] = new(t => [$"/api/v1/devices/{t.Device}"], _ => ""),
        ["POST /api/v1/gateways/tokens"] = new(_ => ["/api/v1/gateways/tokens"], t => $$"""{"site":"{{t.Site}}"}"""),
        ["POST /api/v1/gateways/join"] = new(_ => ["/api/v1/gateways/join"], t => $$"""{"token":"guessed","site":"{{t.Site}}"}"""),
        ["POST /api/v1/apply"] = new(_ => ["/api/v1/apply"], t => $"apiVersion: strata/v1\nsite: {t.Word}\nchildren: [{{site: floor-{t.Word}}}]\ndevices: [{{id: {t.Device}, site: {t.Site}, model: taken}}]\n"),
        ["POST /api/v1/tokens"] = new(_ => ["/api/v1/tokens"], t => $$"""{"grants":[{"role":"viewer","sites":["{{t.Site}}"]}]}"""),
        ["DELETE /api/v1/tokens/{id}"] = new(t => [$"/api/v1/tokens/{t.Token}"], _ => ""),
        ["PATCH /api/v1/quotas"] = new(_ => ["/api/v1/quotas"], _ => """{"plan":"free"}"""),
        ["PUT /api/v1/quotas/plans/{name}"] = new(t => [$"/api/v1/quotas/plans/p-{t.Word}"], _ => """{"quotas":{"devices":1}}"""),
        ["DELETE /api/v1/quotas/plans/{name}"] = new(t => [$"/api/v1/quotas/plans/p-{t.Word}"], _ => ""),
        ["POST /api/v1/roles"] = new(_ => ["/api/v1/roles"], t => $$"""{"name":"r-{{t.Word}}","permissions":["platform.manage"]}"""),
        ["DELETE /api/v1/roles/{name}"] = new(t => [$"/api/v1/roles/role-{t.Word}"], _ => ""),
        ["PUT /api/v1/views/{name}"] = new(t => [$"/api/v1/views/view-{t.Word}"], t => $$"""{"title":"taken","roles":["viewer"],"widgets":["latest"],"sites":["{{t.Site}}"]}"""),
        ["DELETE /api/v1/views/{name}"] = new(t => [$"/api/v1/views/view-{t.Word}"], _ => ""),
        ["POST /api/v1/shares"] = new(_ => ["/api/v1/shares"], t => $$"""{"name":"s-{{t.Word}}","metrics":["{{t.Metric}}"],"sites":["{{t.Site}}"]}"""),
        ["DELETE /api/v1/shares/{name}"] = new(t => [$"/api/v1/shares/share-{t.Word}"], _ => ""),
        ["POST /api/v1/shares/{name}/tokens"] = new(t => [$"/api/v1/shares/share-{t.Word}/tokens"], _ => """{"application":"taken"}"""),
        ["DELETE /api/v1/shares/{name}/tokens/{id}"] = new(t => [$"/api/v1/shares/share-{t.Word}/tokens/{t.Token}"], _ => ""),
        ["POST /api/v1/shares/received/{tenant}/{name}/tokens"] = new(t => [$"/api/v1/shares/received/{t.Tenant}/share-{t.Word}/tokens"], _ => """{"application":"taken"}"""),
        ["DELETE /api/v1/shares/received/{tenant}/{name}/tokens/{id}"] = new(t => [$"/api/v1/shares/received/{t.Tenant}/share-{t.Word}/tokens/{t.Token}"], _ => ""),
        ["POST /api/v1/tenants"] = new(_ => ["/api/v1/tenants"], _ => """{"name":"another"}"""),
        ["PATCH /api/v1/tenants/{id}"] = new(t => [$"/api/v1/tenants/{t.Tenant}"], _ => """{"enabled":false}"""),
        ["DELETE /api/v1/tenants/{id}"] = new(t => [$"/api/v1/tenants/{t.Tenant}", $"/api/v1/tenants/{t.Tenant}?shred=true", $"/api/v1/tenants/{t.Tenant}?purge=true"], _ => ""),
        ["POST /api/v1/tenants/{id}/export"] = new(t => [$"/api/v1/tenants/{t.Tenant}/export", $"/api/v1/tenants/{t.Tenant}/export?final=true"], _ => ""),
        ["POST /api/v1/tenants/import"] = new(_ => ["/api/v1/tenants/import"], _ => "STRATA TENANT ARCHIVE 1"),
        ["POST /api/v1/tenants/{id}/isolation"] = new(t => [$"/api/v1/tenants/{t.Tenant}/isolation"], _ => """{"level":"encrypted"}"""),
        ["POST /api/v1/installation-key/rotation"] = new(_ => ["/api/v1/installation-key/rotation"], _ => ""),
        ["POST /api/v1/login-links"] = new(_ => ["/api/v1/login-links"], _ => "") { IsOwn = true },

        // People.
        ["POST /api/v1/login"] = new(_ => ["/api/v1/login"], _ => $$"""{"email":"{{Guid.NewGuid():N}}@example.com","password":"guessed at random"}"""), // Another each time: the same one would have to wait.
        ["GET /api/v1/me"] = new(_ => ["/api/v1/me"]),
        ["PUT /api/v1/me/digest"] = new(_ => ["/api/v1/me/digest"], _ => """{"daily":true}""") { IsOwn = true },
        ["POST /api/v1/me/password"] = new(_ => ["/api/v1/me/password"], _ => """{"current":"guessed at random","new":"another long enough one"}"""),
        ["POST /enter"] = new(_ => ["/enter"], _ => "{}"),
        ["GET /api/v1/sessions"] = new(_ => ["/api/v1/sessions"]),
        ["DELETE /api/v1/sessions/{id}"] = new(t => [$"/api/v1/sessions/{t.Word}"], _ => ""),
        ["POST /api/v1/sessions/tenant"] = new(_ => ["/api/v1/sessions/tenant"], t => $$"""{"tenant":"{{t.Tenant}}"}"""),
        ["GET /api/v1/users"] = new(_ => ["/api/v1/users"]),
        ["POST /api/v1/users/invitations"] = new(_ => ["/api/v1/users/invitations"], t => $$"""{"email":"new-{{t.Word}}@example.com","grants":[{"role":"viewer","sites":["{{t.Site}}"]}]}"""),
        ["DELETE /api/v1/users/invitations/{id}"] = new(t => [$"/api/v1/users/invitations/{t.Word}"], _ => ""),
        ["PATCH /api/v1/users/{email}"] = new(t => [$"/api/v1/users/{t.Word}@example.com"], _ => """{"enabled":false}"""),
        ["POST /api/v1/users/{email}/password-link"] = new(t => [$"/api/v1/users/{t.Word}@example.com/password-link"], _ => ""),
        ["GET /api/v1/users/{email}/sessions"] = new(t => [$"/api/v1/users/{t.Word}@example.com/sessions"]),
        ["DELETE /api/v1/users/{email}/sessions"] = new(t => [$"/api/v1/users/{t.Word}@example.com/sessions"], _ => ""),
        ["DELETE /api/v1/users/{email}/second-factor"] = new(t => [$"/api/v1/users/{t.Word}@example.com/second-factor"], _ => ""),
        ["GET /api/v1/sign-in"] = new(_ => ["/api/v1/sign-in"]),
        ["PATCH /api/v1/sign-in"] = new(_ => ["/api/v1/sign-in"], _ => """{"requireSecondFactor":false}""") { IsOwn = true },
        ["PUT /api/v1/sign-in/provider"] = new(_ => ["/api/v1/sign-in/provider"], _ => """{"issuer":"https://elsewhere.example","clientId":"c","groups":[{"group":"g","grant":{"role":"viewer"}}]}"""),
        ["DELETE /api/v1/sign-in/provider"] = new(_ => ["/api/v1/sign-in/provider"], _ => ""),
        ["GET /login/provider"] = new(t => [$"/login/provider?tenant={t.Tenant}"]),
        ["GET /login/provider/callback"] = new(t => [$"/login/provider/callback?code={t.Word}&state={t.Word}"]),
        ["POST /login/second-factor"] = new(_ => ["/login/second-factor"], _ => "{}") { IsOwn = true },
        ["POST /login/second-factor/set-up"] = new(_ => ["/login/second-factor/set-up"], _ => "{}") { IsOwn = true },
        ["GET /account/second-factor"] = new(_ => ["/account/second-factor"]),
        ["POST /account/second-factor"] = new(_ => ["/account/second-factor"], _ => "{}") { IsOwn = true },
        ["GET /account/provider"] = new(_ => ["/account/provider"]),
        ["POST /account/provider"] = new(_ => ["/account/provider"], _ => "{}") { IsOwn = true },
        ["POST /login"] = new(_ => ["/login"], _ => "{}") { IsOwn = true },
        ["GET /welcome"] = new(_ => ["/welcome"]),
        ["POST /welcome"] = new(_ => ["/welcome"], _ => "{}") { IsOwn = true },
        ["GET /join"] = new(t => [$"/join?code={t.Word}"]),
        ["POST /join"] = new(_ => ["/join"], _ => "{}") { IsOwn = true },

        // Devices and gateways, for themselves.
        ["POST /api/v1/devices/{id}/telemetry"] = new(t => [$"/api/v1/devices/{t.Device}/telemetry"], t => $$"""{"{{t.Metric}}":1}"""),
        ["POST /api/v1/devices/{id}/health"] = new(t => [$"/api/v1/devices/{t.Device}/health"], _ => """{"battery":1}"""),
        ["POST /api/v1/gateways/{id}/uplink"] = new(t => [$"/api/v1/gateways/{t.Gateway}/uplink?stream=s&lowest=1"], _ => ""),
        ["POST /api/v1/gateways/{id}/status"] = new(t => [$"/api/v1/gateways/{t.Gateway}/status"], _ => Status),
        ["GET /api/v1/gateways/{id}/trust"] = new(t => [$"/api/v1/gateways/{t.Gateway}/trust"]),
        ["POST /api/v1/gateways/{id}/certificate"] = new(t => [$"/api/v1/gateways/{t.Gateway}/certificate"], _ => """{"csr":"taken","names":["localhost"]}"""),
        ["GET /api/v1/gateways/{id}/link"] = new(t => [$"/api/v1/gateways/{t.Gateway}/link"]) { IsStream = true },
        ["POST /api/v1/gateways/{id}/link/taken/{messageId}"] = new(t => [$"/api/v1/gateways/{t.Gateway}/link/taken/m1"], _ => ""),
        ["POST /api/v1/gateways/{id}/link/responses/{requestId}"] = new(t => [$"/api/v1/gateways/{t.Gateway}/link/responses/r1"], _ => "{}"),

        // Pages, and what belongs to nobody.
        ["GET /"] = new(_ => ["/"]),
        ["GET /sites"] = new(_ => ["/sites"]),
        ["GET /devices"] = new(_ => ["/devices"]),
        ["GET /devices/{Id}"] = new(t => [$"/devices/{t.Device}"]),
        ["GET /gateways"] = new(_ => ["/gateways"]),
        ["GET /groups"] = new(_ => ["/groups"]),
        ["GET /hooks"] = new(_ => ["/hooks"]),
        ["GET /artifacts"] = new(_ => ["/artifacts"]),
        ["GET /commands"] = new(_ => ["/commands"]),
        ["GET /rollouts"] = new(_ => ["/rollouts"]),
        ["GET /users"] = new(_ => ["/users"]),
        ["GET /roles"] = new(_ => ["/roles"]),
        ["GET /tokens"] = new(_ => ["/tokens"]),
        ["GET /audit"] = new(_ => ["/audit"]),
        ["GET /tenants"] = new(_ => ["/tenants"]),
        ["GET /overview"] = new(_ => ["/overview"]),
        ["GET /fleet"] = new(_ => ["/fleet"]),
        ["GET /maintenance"] = new(_ => ["/maintenance"]),
        ["GET /certificates"] = new(_ => ["/certificates"]),
        ["GET /provisioning"] = new(_ => ["/provisioning"]),
        ["GET /views"] = new(_ => ["/views"]),
        ["GET /views/{Name}"] = new(t => [$"/views/view-{t.Word}", $"/views/viewer-{t.Word}"]),
        ["GET /shares"] = new(_ => ["/shares"]),
        ["GET /sla"] = new(_ => ["/sla"]),
        ["GET /billing"] = new(_ => ["/billing"]),
        ["GET /usage"] = new(_ => ["/usage"]),
        ["GET /account"] = new(_ => ["/account"]),
        ["GET /install/{**file}"] = new(_ => ["/install/", "/install/install.js"]),
        ["GET /login"] = new(_ => ["/login?code=guessed"]),
        ["POST /logout"] = new(_ => ["/logout"], _ => "") { IsOwn = true },
        ["GET /health/live"] = new(_ => ["/health/live"]),
        ["GET /health/ready"] = new(_ => ["/health/ready"]),
        ["GET /metrics"] = new(_ => ["/metrics"]),
        ["GET /openapi/{documentName}.json"] = new(_ => ["/openapi/v1.json"]),
    };

    /// <summary>What the frameworks bring: they hold no data, or carry what the pages above show.</summary>
    public static IReadOnlyList<string> OfFrameworks { get; } = ["/_blazor", "/_framework", "/_content", "/docs", "/mqtt", "/not-found", "/Error"];

    private const string Status =
        """{"books":{"tier":"fog","process":"x","flow":{"readingsIn":0,"readingsOut":0,"bytesIn":0,"bytesOut":0,"recordsIn":0,"recordsOut":0},"suppressed":0,"aggregated":0,"stored":0,"waiting":0,"duplicates":0,"gaps":0,"lost":0,"backlogEntries":0,"backlogBytes":0,"at":"2026-01-01T00:00:00Z"},"below":[],"version":"1","immediate":{"count":0}}""";
}

/// <summary>How one route is attacked.</summary>
/// <param name="Paths">What is asked for, of a target.</param>
/// <param name="Body">What is sent; null for reads. A change is tried only where it must be refused.</param>
internal sealed record Attack(Func<Target, string[]> Paths, Func<Target, string>? Body = null)
{
    public bool Changes => Body is not null;

    /// <summary>Answers without an end when it is allowed.</summary>
    public bool IsStream { get; init; }

    /// <summary>Concerns the caller itself only.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Names a client of the caller's own tenant, whatever is called so elsewhere; what it does is tested by itself (<c>MqttInspectionTests</c>).</summary>
    public bool EndsNothingElsewhere { get; init; }

    /// <summary>Answers 503 where it is allowed, for no gateway runs in the test.</summary>
    public bool MayBeOffline { get; init; }
}
