using System.Text.Json;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core.Devices;

namespace Strata.Cloud.Devices.Registry;

/// <summary>
/// One change while it is decided: the image as it will be, the rows that differ, and an audit record for each. Nothing is written until the
/// store saves it as one transaction.
/// </summary>
internal sealed class RegistryChange(RegistryImage before, Caller caller, DateTimeOffset now)
{
    private readonly Dictionary<string, (DeviceRow? Before, DeviceRow? After)> devices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (GatewayRow? Before, GatewayRow? After)> gateways = new(StringComparer.Ordinal);
    private readonly Dictionary<(Type, string), (IAuditedRow? Before, IAuditedRow? After)> others = [];
    private readonly List<TransitionRow> transitions = [];
    private readonly List<(IAuditedRow? Before, IAuditedRow? After)> beside = [];
    private readonly List<AuditRow> audit = [];
    private readonly List<string> items = [];
    private (string Action, string Kind, string Subject)? bulk;

    public RegistryImage Before { get; } = before;

    /// <summary>The image with the changes made so far.</summary>
    public RegistryImage Image { get; private set; } = before;

    public Caller Caller { get; } = caller;

    public string TenantId { get; } = caller.Tenant.Value;

    public DateTimeOffset Now { get; } = now;

    public IReadOnlyDictionary<string, (DeviceRow? Before, DeviceRow? After)> Devices => devices;

    public IReadOnlyDictionary<string, (GatewayRow? Before, GatewayRow? After)> Gateways => gateways;

    /// <summary>The steps that devices took, in order.</summary>
    public IReadOnlyList<TransitionRow> Transitions => transitions;

    public bool ChangesGroups => others.Keys.Any(k => k.Item1 == typeof(GroupRow));

    public bool IsEmpty => devices.Count + gateways.Count + others.Count + beside.Count == 0;

    /// <summary>All rows that differ, for the database.</summary>
    public IEnumerable<(IAuditedRow? Before, IAuditedRow? After)> Rows =>
        others.Values
            .Concat(gateways.Values.Select(c => ((IAuditedRow?)c.Before, (IAuditedRow?)c.After)))
            .Concat(devices.Values.Select(c => ((IAuditedRow?)c.Before, (IAuditedRow?)c.After)))
            .Concat(beside)
            .Concat(transitions.Select(t => ((IAuditedRow?)null, (IAuditedRow?)t)));

    public void Put(SiteRow row, string action, object? detail = null)
    {
        Image = Image.With(row.Path, row);
        others[(typeof(SiteRow), row.Path)] = (Before.Sites.GetValueOrDefault(row.Path), row);
        Record(action, "site", row.Path, detail, Before.Sites.GetValueOrDefault(row.Path), row);
    }

    public void Remove(SiteRow row)
    {
        Image = Image.With(row.Path, (SiteRow?)null);
        others[(typeof(SiteRow), row.Path)] = (Before.Sites.GetValueOrDefault(row.Path), null);
        Record("remove", "site", row.Path, null, row, null);
    }

    public void Put(GatewayRow row, string action, object? detail = null)
    {
        var before = Image.Gateways.GetValueOrDefault(row.Id);
        Image = Image.With(row.Id, row);
        gateways[row.Id] = (Before.Gateways.GetValueOrDefault(row.Id), row);
        Record(action, "gateway", row.Id, detail, before, row);
    }

    public void Remove(GatewayRow row)
    {
        Image = Image.With(row.Id, (GatewayRow?)null);
        gateways[row.Id] = (Before.Gateways.GetValueOrDefault(row.Id), null);
        Record("remove", "gateway", row.Id, null, row, null);
    }

    /// <summary>Puts a device as it will be. Where its state differs, a step of its life is kept.</summary>
    /// <param name="evidence">What the step was decided on, as JSON.</param>
    public void Put(DeviceRow row, string action, object? detail = null, string? evidence = null)
    {
        var before = Image.Devices.GetValueOrDefault(row.Id);
        row = row with { Revision = (Before.Devices.GetValueOrDefault(row.Id)?.Revision ?? 0) + 1, Transitions = before?.Transitions ?? 0 };
        // A name that is used anew begins a new life.
        var from = before is null || (!RegistryImage.IsInService(before) && RegistryImage.IsInService(row)) ? DeviceState.Unprovisioned : before.State;
        if (from != row.State)
        {
            row = row with { Transitions = row.Transitions + 1 };
            transitions.Add(new TransitionRow
            {
                TenantId = TenantId, Device = row.Id, Number = row.Transitions, From = from, To = row.State, Cause = row.StateCause, Actor = Caller.Actor, Time = row.StateSince,
                Evidence = evidence,
            });
        }
        Image = Image.With(row.Id, row);
        devices[row.Id] = (Before.Devices.GetValueOrDefault(row.Id), row);
        Record(action, "device", row.Id, detail, before, row);
    }

    public void Put(GroupRow row, string action, object? detail = null)
    {
        Image = Image.With(row.Id, row);
        others[(typeof(GroupRow), row.Id)] = (Before.Groups.GetValueOrDefault(row.Id), row);
        Record(action, "group", row.Id, detail, Before.Groups.GetValueOrDefault(row.Id), row);
    }

    public void Remove(GroupRow row)
    {
        Image = Image.With(row.Id, (GroupRow?)null);
        others[(typeof(GroupRow), row.Id)] = (Before.Groups.GetValueOrDefault(row.Id), null);
        Record("remove", "group", row.Id, null, row, null);
    }

    public void Put(ViewRow row, string action, object? detail = null)
    {
        Image = Image.With(row.Name, row);
        others[(typeof(ViewRow), row.Name)] = (Before.Views.GetValueOrDefault(row.Name), row);
        Record(action, "view", row.Name, detail, Before.Views.GetValueOrDefault(row.Name), row);
    }

    public void Remove(ViewRow row)
    {
        Image = Image.With(row.Name, (ViewRow?)null);
        others[(typeof(ViewRow), row.Name)] = (Before.Views.GetValueOrDefault(row.Name), null);
        Record("remove", "view", row.Name, null, row, null);
    }

    public void Put(JoinTokenRow row, string action, object? detail = null)
    {
        Image = Image.With(row.TokenHash, row);
        others[(typeof(JoinTokenRow), row.TokenHash)] = (Before.JoinTokens.GetValueOrDefault(row.TokenHash), row);
        Record(action, "join-token", row.TokenHash[..8], detail, Before.JoinTokens.GetValueOrDefault(row.TokenHash), row);
    }

    public void Remove(JoinTokenRow row, string action)
    {
        Image = Image.With(row.TokenHash, (JoinTokenRow?)null);
        others[(typeof(JoinTokenRow), row.TokenHash)] = (Before.JoinTokens.GetValueOrDefault(row.TokenHash), null);
        Record(action, "join-token", row.TokenHash[..8], null, row, null);
    }

    /// <summary>Writes a row that is not in the image, in the same transaction.</summary>
    /// <param name="action">Of its audit record; null when that of what else is changed tells it.</param>
    public void Beside(IAuditedRow? before, IAuditedRow? after, string? action = null, string kind = "", string subject = "", object? detail = null)
    {
        beside.Add((before, after));
        if (action is not null)
            Record(action, kind, subject, detail, before, after);
    }

    /// <summary>Gives a gateway the next version of its configuration; no audit record of its own, it follows from the others.</summary>
    public void Renumber(GatewayRow row)
    {
        Image = Image.With(row.Id, row);
        gateways[row.Id] = (Before.Gateways.GetValueOrDefault(row.Id), row);
    }

    /// <summary>From here on the change is one of many things at once, and one record with the digest of its items.</summary>
    public void BeginBulk(string action, string kind, string subject) => bulk = (action, kind, subject);

    /// <summary>The records, each with the next number of its tenant.</summary>
    public IEnumerable<AuditRow> AuditRows(Func<long> nextNumber) => bulk is not { } whole || items.Count == 0
        ? audit.Select(a => a with { Id = nextNumber() })
        : [.. audit.Select(a => a with { Id = nextNumber() }), Row(whole.Action, whole.Kind, whole.Subject) with { Id = nextNumber(), Detail = AuditImages.Digest(items) }];

    private void Record(string action, string kind, string subject, object? detail, IAuditedRow? before, IAuditedRow? after)
    {
        var (was, now) = (AuditImages.Of(before), AuditImages.Of(after));
        if (bulk is not null)
            items.Add(AuditImages.Json(new { action, kind, id = subject, before = Element(was), after = Element(now) }));
        else
            audit.Add(Row(action, kind, subject) with { Detail = detail is null ? null : AuditImages.Json(detail), Before = was, After = now });
    }

    private AuditRow Row(string action, string kind, string subject) => new()
    {
        TenantId = TenantId, Id = 0, Time = Now, Actor = Caller.Actor, Action = action, Kind = kind, Subject = subject, Origin = Caller.Origin,
    };

    private static JsonElement? Element(string? json) => json is null ? null : JsonSerializer.Deserialize<JsonElement>(json);
}
