using System.Text.Json;

namespace Strata.Cloud.Contracts;

/// <summary>Commands.</summary>
public sealed partial class StrataClient
{
    /// <summary>Sends a command. With <see cref="SendCommand.Wait"/> the answer is how it ended.</summary>
    public Task<CommandInfo> SendCommandAsync(string device, SendCommand command, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/devices/{Escape(device)}/commands", Body(command, Json.SendCommand), Json.CommandInfo, cancellationToken);

    /// <summary>One command.</summary>
    /// <param name="wait">Until it is over, so long at most; null for not at all.</param>
    public Task<CommandInfo> GetCommandAsync(string device, string request, TimeSpan? wait = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query($"api/v1/devices/{Escape(device)}/commands/{Escape(request)}", ("wait", wait?.ToString("c"))), Json.CommandInfo, cancellationToken);

    /// <summary>Newest first.</summary>
    public Task<Page<CommandInfo>> ListCommandsAsync(
        string? device = null, string? state = null, string? run = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/commands", ("device", device), ("state", state), ("run", run), ("cursor", cursor), ("limit", limit)), Json.PageCommandInfo, cancellationToken);

    public Task<CommandInfo> CancelCommandAsync(string device, string request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/devices/{Escape(device)}/commands/{Escape(request)}/cancel", null, Json.CommandInfo, cancellationToken);

    public Task<Page<CommandSchemaInfo>> ListCommandSchemasAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/commands/schemas", Json.PageCommandSchemaInfo, cancellationToken);

    public Task<CommandSchemaInfo> PutCommandSchemaAsync(string model, string name, JsonElement schema, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/commands/schemas/{Escape(model)}/{Escape(name)}", Body(schema, Json.JsonElement), Json.CommandSchemaInfo, cancellationToken);

    public Task DeleteCommandSchemaAsync(string model, string name, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/commands/schemas/{Escape(model)}/{Escape(name)}", null, cancellationToken);

    /// <summary>Sends a command to all devices that a query finds.</summary>
    public Task<CommandRunInfo> RunCommandAsync(RunCommand run, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/commands/runs", Body(run, Json.RunCommand), Json.CommandRunInfo, cancellationToken);

    public Task<CommandRunInfo> GetCommandRunAsync(string id, CancellationToken cancellationToken = default) => GetAsync($"api/v1/commands/runs/{Escape(id)}", Json.CommandRunInfo, cancellationToken);

    public Task<Page<CommandRunInfo>> ListCommandRunsAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/commands/runs", Json.PageCommandRunInfo, cancellationToken);

    /// <summary>Makes no more commands of it and takes back those that were not said yet.</summary>
    public Task<CommandRunInfo> CancelCommandRunAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/commands/runs/{Escape(id)}/cancel", null, Json.CommandRunInfo, cancellationToken);

    public Task<Page<CommandScheduleInfo>> ListCommandSchedulesAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/commands/schedules", Json.PageCommandScheduleInfo, cancellationToken);

    public Task<CommandScheduleInfo> PutCommandScheduleAsync(string id, SaveCommandSchedule schedule, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/commands/schedules/{Escape(id)}", Body(schedule, Json.SaveCommandSchedule), Json.CommandScheduleInfo, cancellationToken);

    public Task DeleteCommandScheduleAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/commands/schedules/{Escape(id)}", null, cancellationToken);
}
