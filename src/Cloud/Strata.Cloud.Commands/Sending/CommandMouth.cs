using Microsoft.Extensions.Logging;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Running;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Sending;

/// <summary>Says to devices what is written as sent, and notes what they acknowledge.</summary>
internal sealed partial class CommandMouth(CommandWriter writer, CommandBook book, IDeviceWay way, ILogger<CommandMouth> logger)
{
    public CommandBook Book => book;

    /// <summary>Says it.</summary>
    /// <returns>Whether it is on its way; where it is not, it is queued again.</returns>
    public async Task<bool> SayAsync(TenantId tenant, CommandRow row, byte[] payload)
    {
        if (await SendAsync(tenant, row, payload) is not { } problem)
            return true;
        LogNotSaid(row.Device, problem.Detail);
        await LoseAsync(tenant, row, problem.Detail);
        return false;
    }

    /// <summary>It was not said: it is queued again.</summary>
    public Task LoseAsync(TenantId tenant, CommandRow row, string reason) => writer.DoAsync<bool>(tenant, async batch =>
    {
        if (await batch.FindAsync(row.Device, row.Request) is { } now && now.Progress.Lose() is { } lost)
            batch.Put(now, now.With(lost with { Reason = reason }));
        return true;
    }, CancellationToken.None);

    /// <summary>The device has acknowledged it. Within the MQTT engine: nothing waits; where there is no room it is not noted, and the answer will be.</summary>
    public void Delivered(TenantId tenant, string device, string request) => _ = writer.TryDo<bool>(tenant, async batch =>
    {
        if (await batch.FindAsync(device, request) is { } row && row.Progress.Deliver(row.Terms, batch.Now) is { } progress)
            batch.Put(row, row.With(progress));
        return true;
    });

    /// <returns>Why it is not on its way; null when it is.</returns>
    private async Task<Problem?> SendAsync(TenantId tenant, CommandRow row, byte[] payload)
    {
        // A gateway says it for the first time until it expires; its answer may come later.
        var until = row.Gateway is null ? row.AnswerBy ?? row.Expires : row.Expires;
        try
        {
            return await way.SendAsync(tenant, row.MessageId, DeviceId.Parse(row.Device), row.Topic, payload, until, () => Delivered(tenant, row.Device, row.Request), CancellationToken.None);
        }
#pragma warning disable CA1031 // Whatever it is, the command waits, and is said later.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogNotGiven(failure);
            return new Problem(ProblemKind.Unavailable, "it could not be given to its gateway just now");
        }
    }

    [LoggerMessage(5708, LogLevel.Error, "A command could not be given to its gateway.")]
    private partial void LogNotGiven(Exception failure);

    [LoggerMessage(5703, LogLevel.Warning, "A command of {Device} could not be said; it waits: {Reason}")]
    private partial void LogNotSaid(string device, string reason);
}
