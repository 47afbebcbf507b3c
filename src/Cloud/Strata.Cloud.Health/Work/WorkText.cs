using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Maintenance;

namespace Strata.Cloud.Health.Work;

/// <summary>Work orders as the API and the table write them.</summary>
internal static class WorkText
{
    public static IReadOnlyList<WorkItemInfo> Items(WorkOrderRow row) => JsonSerializer.Deserialize(row.Items, WorkJson.Default.WorkItemInfoArray)!;

    public static string Write(IEnumerable<WorkItemInfo> items) => JsonSerializer.Serialize([.. items], WorkJson.Default.WorkItemInfoArray);

    public static IReadOnlyList<string> Parts(WorkOrderRow row) => JsonSerializer.Deserialize(row.Parts, WorkJson.Default.StringArray)!;

    public static string Write(IEnumerable<string> parts) => JsonSerializer.Serialize([.. parts], WorkJson.Default.StringArray);

    /// <summary>What is still to be done of it.</summary>
    public static IEnumerable<WorkItemInfo> Open(IEnumerable<WorkItemInfo> items) => items.Where(i => i.Done is null && i.Withdrawn is null);

    public static WorkOrderKind KindOf(WorkOrderRow row) => WorkOrderKinds.TryParse(row.Kind, out var kind) ? kind : WorkOrderKind.Inspect;

    public static WorkOrderState StateOf(WorkOrderRow row) => WorkOrderLifecycle.TryParse(row.State, out var state) ? state : WorkOrderState.Open;

    public static WorkOrderInfo Info(WorkOrderRow row)
    {
        var items = Items(row);
        var kind = KindOf(row);
        return new WorkOrderInfo(
            row.Id, row.Kind, WorkOrderKinds.TitleOf(kind), WorkOrderKinds.SkillOf(kind), row.State, row.Site, row.Due, row.Assignee, row.Window, Parts(row), Open(items).Count() * WorkOrderKinds.MinutesOf(kind), items, row.Note,
            row.Created, row.CreatedBy, row.Answered, row.Closed, row.ClosedBy);
    }

    /// <summary>Parts for so many devices.</summary>
    public static string[] PartsFor(WorkOrderKind kind, int devices) => WorkOrderKinds.PartOf(kind) is { } part ? [$"{devices} x {part}"] : [];

    /// <summary>The order after a person did something about it; the first who does answers what the node ordered.</summary>
    public static WorkOrderRow Answer(WorkOrderRow row, DateTimeOffset now) => row.CreatedBy == Caller.NodeActor ? row with { Answered = row.Answered ?? now } : row;

    /// <summary>The order with other items; over when nothing is left to be done.</summary>
    public static WorkOrderRow With(WorkOrderRow row, IReadOnlyList<WorkItemInfo> items, string actor, DateTimeOffset now)
    {
        var kind = KindOf(row);
        var next = row with { Items = Write(items), Parts = Parts(row).SequenceEqual(PartsFor(kind, Open(Items(row)).Count())) ? Write(PartsFor(kind, Open(items).Count())) : row.Parts };
        if (Open(items).Any() || WorkOrderLifecycle.IsOver(StateOf(row)))
            return next;
        var state = items.Any(i => i.Done is not null) ? WorkOrderState.Done : WorkOrderState.Cancelled;
        return next with { State = WorkOrderLifecycle.NameOf(state), Closed = now, ClosedBy = actor, Parts = row.Parts };
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WorkItemInfo[]))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class WorkJson : JsonSerializerContext;
