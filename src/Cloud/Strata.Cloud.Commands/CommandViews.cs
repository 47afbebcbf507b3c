using System.Text.Json;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Commands;

/// <summary>From rows to the API's records.</summary>
internal static class CommandViews
{
    public static CommandInfo Info(CommandRow row) => new(row.Device, row.Request, row.Name, row.State, row.Created, row.Actor)
    {
        Reason = row.Reason, Direct = row.IsDirect, Priority = row.Priority, Expires = row.Expires, Sent = row.Sent, Delivered = row.Delivered, Running = row.Running, Ended = row.Ended, Attempts = row.Attempts,
        Gateway = row.Gateway, Run = row.Run,
    };

    public static CommandInfo Info(CommandRow row, byte[]? payload, byte[]? result) => Info(row) with { Payload = Json(payload), Result = Json(result) };

    public static CommandSchemaInfo Info(CommandSchemaRow row) => new(row.Model, row.Name, JsonElement.Parse(row.Schema), row.Changed, row.By);

    public static JsonElement? Json(byte[]? text) => text is null ? null : JsonElement.Parse(text);
}
