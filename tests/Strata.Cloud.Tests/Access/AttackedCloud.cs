using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Telemetry;

namespace Strata.Cloud.Tests.Access;

/// <summary>Who attacks, and the words that it may see.</summary>
internal sealed record Attacker(string Name, Principal? Principal, AuthenticationHeaderValue? Credentials, params string[] Sees)
{
    /// <summary>The session's cookie, for a person.</summary>
    public string? Cookie { get; init; }

    public override string ToString() => Name;
}

/// <summary>
/// A node with two tenants that have everything a tenant can have: acme with two places, quartz and basalt, and a rival, obsidian; and attackers of every role, with and without a scope.
/// </summary>
public class AttackedCloud : IAsyncLifetime
{
    private readonly RunningCloud cloud;

    public AttackedCloud()
        : this(new RunningCloud())
    {
    }

    private protected AttackedCloud(RunningCloud cloud) => this.cloud = cloud;

    internal RunningCloud Cloud => cloud;

    internal static Target Quartz { get; } = new("quartz");

    internal static Target Basalt { get; } = new("basalt");

    internal static Target Onyx { get; } = new("obsidian");

    /// <summary>What is nowhere.</summary>
    internal static Target Nothing { get; } = new("zircon");

    internal static TenantId Acme { get; } = TenantId.Parse("acme");

    internal static TenantId Rival { get; } = TenantId.Parse("obsidian-corp");

    internal List<Attacker> Attackers { get; } = [];

    internal Dictionary<string, string> DeviceSecrets { get; } = [];

    public virtual async ValueTask InitializeAsync()
    {
        await cloud.InitializeAsync();
        await cloud.Client.CreateTenantAsync(new CreateTenant("acme"));
        await cloud.Client.CreateTenantAsync(new CreateTenant(Onyx.Tenant));
        await FillAsync(Acme, Quartz, Basalt);
        await FillAsync(Rival, Onyx);
        await BillAsync(ClientOf(Acme), Quartz);
        await BillAsync(ClientOf(Rival), Onyx);
        foreach (var role in Role.BuiltIn.Where(r => !r.IsOfPlatform).Select(r => r.Name))
        {
            await AddAttackerAsync(Acme, role, null, Quartz.Word, Basalt.Word);
            await AddAttackerAsync(Acme, role, Quartz.Word, Quartz.Word);
            await AddAttackerAsync(Rival, role, null, Onyx.Word);
        }
        await AddPersonAsync(Acme, "viewer", Quartz.Word, Quartz.Word);
        await AddPersonAsync(Acme, "tenant-admin", Quartz.Word, Quartz.Word);
        await AddPersonAsync(Acme, "operator", null, Quartz.Word, Basalt.Word);
        await AddPersonAsync(Rival, "tenant-admin", null, Onyx.Word);
        Attackers.Add(new Attacker("nobody", null, null));
        Attackers.Add(new Attacker("a device of quartz", Principal.Of(Acme, DeviceId.Parse(Quartz.Device)), Basic($"acme/{Quartz.Device}", DeviceSecrets[Quartz.Device])));
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await cloud.DisposeAsync();
    }

    internal StrataClient ClientOf(TenantId tenant) => new(cloud.Http, null, tenant.Value);

    internal static AuthenticationHeaderValue Basic(string user, string secret) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{secret}")));

    private async Task AddAttackerAsync(TenantId tenant, string role, string? site, params string[] sees)
    {
        var created = await ClientOf(tenant).CreateTokenAsync(new CreateToken([new GrantInfo(role, site is null ? null : [site])], $"{role}-{site ?? "all"}-of-{sees[0]}"));
        Role.TryFindBuiltIn(role, out var known);
        var principal = new Principal(tenant, PrincipalKind.Token, created.Id, created.Name, new Grant(known!, site is null ? AccessScope.WholeTenant : AccessScope.Of([SiteId.Parse(site)])));
        Attackers.Add(new Attacker($"{role} of {site ?? tenant.Value}", principal, new AuthenticationHeaderValue("Bearer", created.Token), sees));
    }

    /// <summary>Somebody who is signed in with a password, as a browser is: by a cookie.</summary>
    private async Task AddPersonAsync(TenantId tenant, string role, string? site, params string[] sees)
    {
        using var browser = await FormBrowser.JoinAsync(cloud.Node.Address, ClientOf(tenant), $"p-{Attackers.Count}@people.example", new GrantInfo(role, site is null ? null : [site]));
        Role.TryFindBuiltIn(role, out var known);
        var principal = new Principal(tenant, PrincipalKind.Person, "a session", role, new Grant(known!, site is null ? AccessScope.WholeTenant : AccessScope.Of([SiteId.Parse(site)])));
        Attackers.Add(new Attacker($"a person, {role} of {site ?? tenant.Value}", principal, null, sees) { Cookie = browser.Cookies.GetCookieHeader(cloud.Node.Address) });
    }

    private async Task FillAsync(TenantId tenant, params Target[] targets)
    {
        var client = ClientOf(tenant);
        foreach (var target in targets)
        {
            var applied = await client.ApplyAsync(
                $$"""
                apiVersion: strata/v1
                site: {{target.Word}}
                children: [{site: floor-{{target.Word}}}]
                gateways: [{id: {{target.Gateway}}, site: {{target.Word}}}]
                devices: [{id: {{target.Device}}, site: {{target.Site}}, model: model-{{target.Word}}}]
                groups: [{id: {{target.Group}}, sites: [{{target.Site}}]}]
                """, dryRun: false, prune: false);
            DeviceSecrets[target.Device] = applied.Secrets[target.Device];
            await client.CreateRoleAsync(new CreateRole($"role-{(tenant == Rival ? target.Word : $"acme-{targets.Length}-{DeviceSecrets.Count}")}", ["readings.read"]));
            await client.SaveViewAsync($"view-{target.Word}", new SaveView($"view {target.Word}", [$"role-{target.Word}"], ["latest"], [target.Metric], [target.Site], [target.Group]));
            await client.SaveViewAsync($"viewer-{target.Word}", new SaveView($"viewer {target.Word}", ["viewer", "operator", "installer", $"role-{target.Word}"], ["latest", "chart"], null, [target.Site]));
            await client.CreateJoinTokenAsync(new CreateJoinToken(target.Site, null, null));
            target.Token = (await client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer", [target.Site])], $"token-{target.Word}"))).Id;
            await StoreAsync(tenant, target);
            var soon = TimeProvider.System.GetUtcNow().AddDays(1);
            await client.AnnounceMaintenanceAsync(new AnnounceMaintenance(soon, soon.AddHours(1), $"maintenance {target.Word}"));
            await client.PutEnrolmentGroupAsync($"t-{target.Word}", new PutEnrolmentGroup("tpm"));
            using var endorsement = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
            await client.AddEndorsementKeysAsync($"t-{target.Word}", new AddEndorsementKeys([new EndorsementKey(target.Word, endorsement.ExportSubjectPublicKeyInfoPem())]));
            cloud.Node.Services.GetRequiredService<IRejectionLog>().Record(tenant, RejectionKind.Payload, target.Device, $"refused {target.Word}");
        }
    }

    /// <summary>A closed month with a credit note, and promises.</summary>
    private static async Task BillAsync(StrataClient client, Target target)
    {
        await client.SetPricePlanAsync($"plan-{target.Word}", new SetPricePlan("USD", [], 5, "2026-01"));
        await client.AssignPlanAsync(new AssignPlan($"plan-{target.Word}", "2026-01"));
        await client.CloseStatementAsync("2026-01");
        await client.CreditAsync("2026-01", new CreateCreditNote(1, $"note {target.Word}"));
        await client.SetObjectiveAsync("api-availability", new SetObjective(99));
    }

    private async Task StoreAsync(TenantId tenant, Target target)
    {
        const long start = 1_767_225_600_000_000; // 2026-01-01
        var (device, gateway) = (DeviceId.Parse(target.Device), GatewayId.Parse(target.Gateway));
        var batch = new ReadingBatch();
        batch.BeginMessage();
        batch.Add(new Reading(device, MetricName.Parse(target.Metric), start + 1_000_000, ReadingValue.OfText($"text-{target.Word}")));
        batch.EndMessage();
        var window = new WindowRecord(
            target.Group, SiteId.Parse(target.Site), default, start, 300_000_000, 0, 1, 1, [new WindowMetric(MetricName.Parse(target.Metric), 1, 1, 1, 1, 0, 1)]);
        await cloud.CommitAsync(new TelemetryWrite
        {
            Tenant = tenant, Readings = batch, Windows = [new Stamped<WindowRecord>(window, null)],
            Events =
            [
                new Stamped<FleetEvent>(new FleetEvent(start, FleetEventKinds.DeviceSilent, device, null, $"silent {target.Word}"), null),
                new Stamped<FleetEvent>(new FleetEvent(start, FleetEventKinds.GatewayLinkDown, null, gateway, $"down {target.Word}"), null),
            ],
            Gaps = [new Stamped<GapRecord>(new GapRecord(target.Gateway, "s", 1, 2, 3, null, null, $"gap {target.Word}"), null)],
        });
    }
}

