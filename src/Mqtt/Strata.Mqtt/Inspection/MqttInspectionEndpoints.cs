using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Strata.Mqtt.Inspection;

/// <summary>What the inspection API may show and do where it is mapped.</summary>
public sealed class MqttInspectionOptions
{
    /// <summary>The only namespace that the asker may see; null: all. Called for each request.</summary>
    public Func<HttpContext, string?> Namespace { get; set; } = static _ => null;

    /// <summary>Where the broker is served, by name; for the status.</summary>
    public Func<IReadOnlyDictionary<string, string>> Endpoints { get; set; } = static () => new Dictionary<string, string>();

    /// <summary>Changes the level of the log; null: it cannot be changed here.</summary>
    public Action<LogLevel>? SetLogLevel { get; set; }
}

/// <summary><see cref="MqttInspection"/> as HTTP and JSON. It asks for no authorisation of its own: who maps it adds that.</summary>
public static class MqttInspectionEndpoints
{
    /// <summary>
    /// Maps <c>status</c>, <c>clients</c>, <c>top</c>, <c>subscriptions</c>, <c>retained</c> and <c>trace</c> (GET), <c>disconnect</c> (POST) and <c>log-level</c> (PUT) below the prefix, for
    /// the broker of <see cref="MqttHosting.AddMqttBroker"/>. Lists are pages of <c>limit</c> items after <c>cursor</c>; <c>trace</c> is a line of JSON a packet.
    /// </summary>
    public static RouteGroupBuilder MapMqttInspection(this IEndpointRouteBuilder routes, string prefix = "/api/v1/mqtt", Action<MqttInspectionOptions>? configure = null)
    {
        var options = new MqttInspectionOptions();
        configure?.Invoke(options);
        var inspect = routes.ServiceProvider.GetRequiredService<MqttBroker>().Inspection;
        var group = routes.MapGroup(prefix);
        Get(group, "/status", InspectionJson.Default.BrokerStatus, http => inspect.Status(options.Namespace(http), options.Endpoints()));
        Get(group, "/clients", InspectionJson.Default.InspectionPageClientStatus, http => inspect.Clients(
            options.Namespace(http), Text(http, "client"), Flag(http, "connected"), Flag(http, "slow") == true, Text(http, "cursor"), Number(http, "limit", 100, MqttInspection.MaxPage)));
        Get(group, "/top", InspectionJson.Default.InspectionPageClientStatus, http => new InspectionPage<ClientStatus>(
            inspect.Top(By(http), options.Namespace(http), Text(http, "client"), Number(http, "limit", 20, MqttInspection.MaxPage)), null));
        Get(group, "/subscriptions", InspectionJson.Default.InspectionPageSubscriptionStatus, http => inspect.Subscriptions(
            options.Namespace(http), Text(http, "client"), Text(http, "filter"), Text(http, "cursor"), Number(http, "limit", 100, MqttInspection.MaxPage)));
        Get(group, "/retained", InspectionJson.Default.InspectionPageRetainedStatus, http => inspect.Retained(
            options.Namespace(http), Text(http, "filter"), Text(http, "cursor"), Number(http, "limit", 100, MqttInspection.MaxPage)));
        group.MapGet("/trace", (RequestDelegate)(http => TraceAsync(http, inspect, options)));
        group.MapPost("/disconnect", (RequestDelegate)(http => AnswerAsync(http, InspectionJson.Default.AffectedClients, h => new AffectedClients(inspect.Disconnect(Required(h, "client"), options.Namespace(h))))));
        if (options.SetLogLevel is { } set)
            group.MapPut("/log-level", (RequestDelegate)(http => AnswerAsync(http, InspectionJson.Default.LogLevelStatus, h => SetLevel(h, set))));
        return group;
    }

    private static void Get<T>(RouteGroupBuilder group, string path, JsonTypeInfo<T> type, Func<HttpContext, T> answer) =>
        group.MapGet(path, (RequestDelegate)(http => AnswerAsync(http, type, answer)));

    private static async Task AnswerAsync<T>(HttpContext http, JsonTypeInfo<T> type, Func<HttpContext, T> answer)
    {
        try
        {
            await http.Response.WriteAsJsonAsync(answer(http), type, cancellationToken: http.RequestAborted).ConfigureAwait(false);
        }
        catch (FormatException wrong)
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, wrong.Message).ConfigureAwait(false);
        }
    }

    private static async Task TraceAsync(HttpContext http, MqttInspection inspect, MqttInspectionOptions options)
    {
        // An open trace must not hold up the program's stop.
        var stopping = http.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        try
        {
            var time = TimeSpan.FromSeconds(Number(http, "seconds", 3600, 30 * 24 * 3600));
            using var trace = inspect.Trace(Required(http, "client"), options.Namespace(http), Number(http, "payloads", 0, PacketTrace.MaxPayloadBytes, lowest: 0), time);
            if (trace is null)
            {
                await RefuseAsync(http, StatusCodes.Status429TooManyRequests, "As many traces run as may; end one, or raise --max-traces.").ConfigureAwait(false);
                return;
            }

            http.Response.ContentType = "application/x-ndjson";
            await http.Response.StartAsync(ended.Token).ConfigureAwait(false);
            await http.Response.BodyWriter.FlushAsync(ended.Token).ConfigureAwait(false);
            await foreach (var line in trace.ReadAsync(ended.Token).ConfigureAwait(false))
            {
                await http.Response.BodyWriter.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(line, InspectionJson.Default.TraceLine), (byte)'\n'], ended.Token).ConfigureAwait(false);
            }
        }
        catch (FormatException wrong)
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, wrong.Message).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Who looked has seen enough, or the program stops.
        }
    }

    private static LogLevelStatus SetLevel(HttpContext http, Action<LogLevel> set)
    {
        if (!Enum.TryParse<LogLevel>(Required(http, "level"), ignoreCase: true, out var level) || !Enum.IsDefined(level))
            throw new FormatException("level is Trace, Debug, Information, Warning, Error, Critical or None.");
        set(level);
        return new LogLevelStatus(level.ToString());
    }

    private static Task RefuseAsync(HttpContext http, int status, string detail)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(new InspectionProblem(detail), InspectionJson.Default.InspectionProblem, cancellationToken: http.RequestAborted);
    }

    private static TopBy By(HttpContext http) => Text(http, "by") is not { } text ? TopBy.Rate
        : Enum.TryParse<TopBy>(text, ignoreCase: true, out var by) && Enum.IsDefined(by) ? by : throw new FormatException("by is rate, lost, queue or slow.");

    private static string? Text(HttpContext http, string name) => http.Request.Query.TryGetValue(name, out var value) && value.ToString() is { Length: > 0 } text ? text : null;

    private static string Required(HttpContext http, string name) => Text(http, name) ?? throw new FormatException($"{name} is missing.");

    private static bool? Flag(HttpContext http, string name) => Text(http, name) is not { } text ? null
        : bool.TryParse(text, out var flag) ? flag : throw new FormatException($"{name} is true or false.");

    private static int Number(HttpContext http, string name, int standard, int highest, int lowest = 1) => Text(http, name) is not { } text ? standard
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= lowest && number <= highest
            ? number : throw new FormatException($"{name} is {lowest} to {highest}.");
}
