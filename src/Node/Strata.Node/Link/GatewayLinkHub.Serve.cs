using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Node.Devices;

namespace Strata.Node.Link;

public sealed partial class GatewayLinkHub
{
    private const string ProbePath = "/api/v1/health";

    /// <summary>Serves one link until it ends: by the gateway, by a newer link of the same gateway, or by this node.</summary>
    /// <param name="version">The configuration that the gateway has; null for none.</param>
    /// <param name="output">Server-sent events go here.</param>
    internal async Task ServeAsync(GatewayEntry gateway, long? version, PipeWriter output, CancellationToken aborted)
    {
        using var link = new GatewayLink(gateway, time.GetUtcNow(), options);
        var key = (gateway.Tenant, gateway.Gateway);
        if (stopping)
            return;
        GatewayLink? replaced = null;
        links.AddOrUpdate(key, link, (_, old) =>
        {
            replaced = old;
            return link;
        });
        replaced?.End("a newer link of the gateway took its place");
        if (replaced is null)
            events.LinkUp(gateway, link.Since);
        LogUp(gateway.Gateway.Value);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(aborted, link.Ended);
        var timer = time.CreateTimer(_ => Look(link), null, options.PingInterval, options.PingInterval);
        try
        {
            await SendAsync(link, version, output, either.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            LogGone(gateway.Gateway.Value, link.EndReason ?? "the gateway is gone");
        }
        finally
        {
            await timer.DisposeAsync();
            // Only when no newer link stands: a reconnect is not an outage.
            if (links.TryRemove(new(key, link)))
                events.LinkDown(gateway, time.GetUtcNow(), link.EndReason ?? "the connection ended");
            link.End("the connection ended");
        }
    }

    private async Task SendAsync(GatewayLink link, long? version, PipeWriter output, CancellationToken cancellationToken)
    {
        var sent = await SendConfigurationAsync(link, version, output, cancellationToken);
        link.SignalDownward();
        while (true)
        {
            await link.WaitAsync(cancellationToken);
            if (link.TakeChanged())
                sent = await SendChangeAsync(link, sent, output, cancellationToken);
            while (link.TryTakeRequest(out var request))
                WriteEvent(output, "request"u8, new LinkRequest(request.Id, request.Path), ContractsJson.Default.LinkRequest);
            if (link.TakeDownward())
                SendDownward(link, output);
            if (link.TakePing())
                output.Write("event: ping\ndata:\n\n"u8);
            await output.FlushAsync(cancellationToken);
        }
    }

    /// <summary>What waits for the gateway and was not sent, or so long ago that it is sent again: the configuration that knows the device was sent before.</summary>
    private void SendDownward(GatewayLink link, PipeWriter output)
    {
        if (downward is null)
            return;
        var now = time.GetUtcNow();
        var waiting = downward.WaitingFor(link.Gateway.Tenant, link.Gateway.Gateway);
        foreach (var gone in link.Sent.Keys.Except(waiting.Select(m => m.Id)).ToList())
            link.Sent.Remove(gone);
        foreach (var message in waiting)
        {
            if (link.Sent.TryGetValue(message.Id, out var at) && now - at < options.DownwardAgain)
                continue;
            link.Sent[message.Id] = now;
            WriteEvent(output, "deliver"u8, message, ContractsJson.Default.DownwardMessage);
        }
    }

    private async ValueTask<long> SendConfigurationAsync(GatewayLink link, long? has, PipeWriter output, CancellationToken cancellationToken)
    {
        if (await configurations.CurrentAsync(link.Gateway, cancellationToken) is not { } current)
        {
            link.End("the gateway is no longer known");
            throw new OperationCanceledException();
        }
        if (current.Version != has)
            WriteEvent(output, "configuration"u8, current, ContractsJson.Default.GatewayConfiguration);
        else
            output.Write("event: ping\ndata:\n\n"u8); // The headers go out, so that the gateway knows that the link stands.
        await output.FlushAsync(cancellationToken);
        return current.Version;
    }

    private async ValueTask<long> SendChangeAsync(GatewayLink link, long sent, PipeWriter output, CancellationToken cancellationToken)
    {
        var change = await configurations.ChangeSinceAsync(link.Gateway, sent, cancellationToken);
        if (change is null || change.From != sent)
            return await SendConfigurationAsync(link, null, output, cancellationToken);
        if (change.Version == sent)
            return sent;
        WriteEvent(output, "change"u8, change, ContractsJson.Default.GatewayChange);
        await output.FlushAsync(cancellationToken);
        return change.Version;
    }

    /// <summary>
    /// On the timer, because the loop may hang in a broken connection that looks alive for minutes: pings, asks a quiet gateway for a sign of
    /// life, and ends a dead link.
    /// </summary>
    private void Look(GatewayLink link)
    {
        var quiet = time.GetUtcNow() - new DateTimeOffset(Volatile.Read(ref link.LastHeardTicks), TimeSpan.Zero);
        if (quiet >= options.DeadAfter)
            link.End($"nothing came from the gateway for {quiet.TotalSeconds:0} s");
        else if (quiet >= options.ProbeInterval || link.RoundTrip is null)
            _ = ProbeAsync(link);
        link.SignalDownward();
        link.SignalPing();
    }

    private async Task ProbeAsync(GatewayLink link)
    {
        try
        {
            await AskAsync(link, link.Gateway.Gateway, ProbePath, link.Ended);
        }
        catch (OperationCanceledException)
        {
            LogGone(link.Gateway.Gateway.Value, "the link ended while it was asked for a sign of life");
        }
    }

    private static void WriteEvent<T>(PipeWriter output, ReadOnlySpan<byte> name, T data, JsonTypeInfo<T> type)
    {
        output.Write("event: "u8);
        output.Write(name);
        output.Write("\ndata: "u8);
        output.Write(JsonSerializer.SerializeToUtf8Bytes(data, type)); // Compact JSON has no line feeds.
        output.Write("\n\n"u8);
    }

    [LoggerMessage(4360, LogLevel.Information, "The link of gateway {Gateway} is up.")]
    private partial void LogUp(string gateway);

    [LoggerMessage(4302, LogLevel.Information, "The link of gateway {Gateway} ended: {Reason}.")]
    private partial void LogGone(string gateway, string reason);
}
