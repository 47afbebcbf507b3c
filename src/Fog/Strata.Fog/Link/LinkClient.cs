using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;

namespace Strata.Fog.Link;

/// <summary>What a link's owner does with what comes over it.</summary>
internal interface ILinkHandler
{
    /// <summary>The version of the configuration that is known; 0 for none.</summary>
    long Version { get; }

    void Apply(GatewayConfiguration configuration);

    /// <summary>False when the change does not follow on what is known.</summary>
    bool TryApply(GatewayChange change);

    /// <summary>Keeps a message for a device on the disk; also one that is kept already. False when there is no room: the parent sends it again.</summary>
    bool Deliver(DownwardMessage message);

    /// <summary>The link stands again, or for the first time.</summary>
    Task CameUpAsync(CancellationToken cancellationToken);

    /// <summary>Answers a request of the parent.</summary>
    Task<(int Status, ReadOnlyMemory<byte> Body)> AnswerAsync(string path, CancellationToken cancellationToken);
}

/// <summary>
/// Keeps the link to the parent: configuration and changes come down, requests are answered. A link from which nothing comes for a while is dead; a lost one is
/// dialled again with growing, jittered waits.
/// </summary>
internal sealed partial class LinkClient(ParentClient parent, ILinkHandler handler, LinkState state, ParentLinkOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly SemaphoreSlim answering = new(options.MaxAnswering);
    private bool askWhole;

    /// <summary>Runs until the token is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(options.FirstRetry, options.LongestRetry);
        while (!cancellationToken.IsCancellationRequested)
        {
            string problem;
            try
            {
                problem = await ServeAsync(backoff, cancellationToken);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException or InvalidDataException or JsonException)
            {
                problem = e.Message;
            }
            catch (OperationCanceledException)
            {
                if (cancellationToken.IsCancellationRequested)
                    break;
                problem = $"The parent did not answer within {options.OpenWithin.TotalSeconds:0} s.";
            }
            if (state.IsUp)
                LogDown(problem);
            state.SetDown(problem);
            await Task.Delay(backoff.Next(), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        state.SetDown("The gateway stops.");
    }

    public void Dispose() => answering.Dispose();

    private async Task<string> ServeAsync(Backoff backoff, CancellationToken cancellationToken)
    {
        using var response = await OpenAsync(cancellationToken);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            LogRefused(parent.Id, (int)response.StatusCode);
            return $"The parent does not accept the secret of gateway '{parent.Id}'; register it again and join with a new token.";
        }
        if (!response.IsSuccessStatusCode)
            return $"The parent answered {(int)response.StatusCode}.";
        using var served = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answers = new List<Task>();
        try
        {
            var events = new ServerEventReader(await response.Content.ReadAsStreamAsync(cancellationToken), options.MaxEventBytes, options.Silence, time);
            while (await events.ReadAsync(cancellationToken) is { } received)
            {
                var cameUp = !state.IsUp;
                if (cameUp)
                    LogUp();
                state.SetUp();
                backoff.Reset();
                answers.RemoveAll(a => a.IsCompleted);
                if (Take(received, served.Token) is { } answer)
                    answers.Add(answer);
                if (cameUp)
                    answers.Add(handler.CameUpAsync(served.Token));
                if (askWhole)
                    return "A change does not follow on the configuration that is known; the whole is asked for.";
            }
            return "The parent ended the link.";
        }
        finally
        {
            await served.CancelAsync();
            await Task.WhenAll(answers);
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.OpenWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var version = askWhole ? 0 : handler.Version;
        askWhole = false;
        return await parent.OpenLinkAsync(version, either.Token);
    }

    private Task? Take(ServerEvent received, CancellationToken cancellationToken)
    {
        switch (received.Name)
        {
            case "configuration":
                handler.Apply(JsonSerializer.Deserialize(received.Data, ContractsJson.Default.GatewayConfiguration) ?? throw new JsonException("The configuration is null."));
                return null;
            case "change":
                askWhole = !handler.TryApply(JsonSerializer.Deserialize(received.Data, ContractsJson.Default.GatewayChange) ?? throw new JsonException("The change is null."));
                return null;
            case "request":
                var request = JsonSerializer.Deserialize(received.Data, ContractsJson.Default.LinkRequest);
                return request is null ? null : AnswerAsync(request, cancellationToken);
            case "deliver":
                var message = JsonSerializer.Deserialize(received.Data, ContractsJson.Default.DownwardMessage) ?? throw new JsonException("The message is null.");
                return handler.Deliver(message) ? TakenAsync(message.Id, cancellationToken) : null;
            default:
                return null; // A ping, or what a newer parent says besides.
        }
    }

    private async Task TakenAsync(string id, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await parent.TakenAsync(id, either.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            LogNotTaken(id, e.Message);
        }
    }

    private async Task AnswerAsync(LinkRequest request, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await answering.WaitAsync(either.Token);
            try
            {
                var (status, body) = request.Path.StartsWith("/api/v1/", StringComparison.Ordinal)
                    ? await handler.AnswerAsync(request.Path, either.Token)
                    : ((int)HttpStatusCode.NotFound, default);
                await parent.AnswerAsync(request.Id, status, body, either.Token);
            }
            finally
            {
                answering.Release();
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            LogNotAnswered(request.Id, e.Message); // The parent waits 5 s at most and says so to who asked.
        }
    }

    [LoggerMessage(6011, LogLevel.Information, "The link to the parent is up.")]
    private partial void LogUp();

    [LoggerMessage(6012, LogLevel.Warning, "The link to the parent is down: {Problem}")]
    private partial void LogDown(string problem);

    [LoggerMessage(6013, LogLevel.Error, "The parent answered {Status} to gateway {Id}: it does not know its secret.")]
    private partial void LogRefused(string id, int status);

    [LoggerMessage(6015, LogLevel.Information, "The parent was not told that message {Id} is here; it sends it again: {Reason}")]
    private partial void LogNotTaken(string id, string reason);

    [LoggerMessage(6014, LogLevel.Information, "Request {Id} of the parent was not answered: {Reason}")]
    private partial void LogNotAnswered(string id, string reason);
}
