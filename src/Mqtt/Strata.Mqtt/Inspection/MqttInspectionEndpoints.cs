using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Mqtt.Access;

namespace Strata.Mqtt.Inspection;

/// <summary>What the inspection API may show and do where it is mapped.</summary>
public sealed class MqttInspectionOptions
{
    /// <summary>The only namespace that the asker may see, and in which its bans hold; null: all. Called for each request.</summary>
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
    /// Maps <c>status</c>, <c>clients</c>, <c>top</c>, <c>subscriptions</c>, <c>retained</c> and <c>trace</c> (GET), <c>disconnect</c> (POST), <c>bans</c> (GET, POST, DELETE) and
    /// <c>log-level</c> (PUT) below the prefix, for the broker of <see cref="MqttHosting.AddMqttBroker"/>. Lists are pages of <c>limit</c> items after <c>cursor</c>; <c>trace</c> is a line of
    /// JSON a packet; a refusal is problem details (RFC 9457).
    /// </summary>
    public static RouteGroupBuilder MapMqttInspection(this IEndpointRouteBuilder routes, string prefix = "/api/v1/mqtt", Action<MqttInspectionOptions>? configure = null)
    {
        var options = new MqttInspectionOptions();
        configure?.Invoke(options);
        var inspect = routes.ServiceProvider.GetRequiredService<MqttBroker>().Inspection;
        var group = routes.MapGroup(prefix);
        MapLists(group, inspect, options.Namespace);
        group.MapGet("/status", (HttpContext http) => Answer(InspectionJson.Default.BrokerStatus, () => inspect.Status(options.Namespace(http), options.Endpoints())))
            .WithSummary("What the broker holds and has done").Produces<BrokerStatus>();
        group.MapGet("/trace", (HttpContext http, string? client, string? payloads, string? seconds) => TraceAsync(http, inspect, options, client, payloads, seconds))
            .WithSummary("The packets of one client as they come and go, a line of JSON each, until the time is over").Produces<TraceLine>(StatusCodes.Status200OK, "application/x-ndjson")
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        group.MapPost("/disconnect", (HttpContext http, string? client) => Answer(
                InspectionJson.Default.AffectedClients, () => new AffectedClients(inspect.Disconnect(Required("client", client), options.Namespace(http)))))
            .WithSummary("Ends the connection of a client; its session stays, and it may come again").Produces<AffectedClients>();
        MapBans(group, inspect, options.Namespace);
        if (options.SetLogLevel is { } set)
            group.MapPut("/log-level", (string? level) => Answer(InspectionJson.Default.LogLevelStatus, () => SetLevel(level, set))).WithSummary("Changes from which level on is logged").Produces<LogLevelStatus>();
        return group;
    }

    private static void MapLists(RouteGroupBuilder group, MqttInspection inspect, Func<HttpContext, string?> of)
    {
        group.MapGet("/clients", (HttpContext http, string? client, string? connected, string? slow, string? cursor, string? limit) => Answer(
                InspectionJson.Default.InspectionPageClientStatus, () => inspect.Clients(of(http), client, Flag("connected", connected), Flag("slow", slow) == true, cursor, Limit(limit))))
            .WithSummary("Sessions, connected or not, and what each has counted").Produces<InspectionPage<ClientStatus>>();
        group.MapGet("/top", (HttpContext http, string? by, string? client, string? limit) => Answer(
                InspectionJson.Default.InspectionPageClientStatus, () => new InspectionPage<ClientStatus>(inspect.Top(By(by), of(http), client, Limit(limit, 20)), null)))
            .WithSummary("The sessions with the most of something: rate, lost, queue or slow").Produces<InspectionPage<ClientStatus>>();
        group.MapGet("/subscriptions", (HttpContext http, string? client, string? filter, string? cursor, string? limit) => Answer(
                InspectionJson.Default.InspectionPageSubscriptionStatus, () => inspect.Subscriptions(of(http), client, filter, cursor, Limit(limit))))
            .WithSummary("Subscriptions").Produces<InspectionPage<SubscriptionStatus>>();
        group.MapGet("/retained", (HttpContext http, string? filter, string? cursor, string? limit) => Answer(
                InspectionJson.Default.InspectionPageRetainedStatus, () => inspect.Retained(of(http), filter, cursor, Limit(limit))))
            .WithSummary("Retained messages, without their payloads").Produces<InspectionPage<RetainedStatus>>();
    }

    private static void MapBans(RouteGroupBuilder group, MqttInspection inspect, Func<HttpContext, string?> of)
    {
        group.MapGet("/bans", (HttpContext http, string? cursor, string? limit) => Answer(InspectionJson.Default.InspectionPageBanStatus, () => inspect.Bans(of(http), cursor, Limit(limit))))
            .WithSummary("Who may not connect").Produces<InspectionPage<BanStatus>>();
        group.MapPost("/bans", (HttpContext http, string? kind, string? value, string? until) => Answer(
                InspectionJson.Default.BanStatus, () => inspect.Ban(new MqttBan(Kind(kind), Required("value", value), Time("until", until), of(http)))))
            .WithSummary("Bans a client, a user or an address, until the program ends at the longest; who is connected is sent away").Produces<BanStatus>().ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/bans", (HttpContext http, string? kind, string? value) => Answer(
                InspectionJson.Default.AffectedBans, () => new AffectedBans(inspect.Unban(Kind(kind), Required("value", value), of(http)) ? 1 : 0)))
            .WithSummary("Takes a ban back").Produces<AffectedBans>();
    }

    private static IResult Answer<T>(JsonTypeInfo<T> type, Func<T> answer)
    {
        try
        {
            return Results.Json(answer(), type);
        }
        catch (FormatException wrong)
        {
            return Refuse(StatusCodes.Status400BadRequest, wrong.Message);
        }
        catch (InvalidOperationException full)
        {
            return Refuse(StatusCodes.Status409Conflict, full.Message);
        }
    }

    private static async Task TraceAsync(HttpContext http, MqttInspection inspect, MqttInspectionOptions options, string? client, string? payloads, string? seconds)
    {
        // An open trace must not hold up the program's stop.
        var stopping = http.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        try
        {
            var time = TimeSpan.FromSeconds(Number("seconds", seconds, 3600, 30 * 24 * 3600));
            using var trace = inspect.Trace(Required("client", client), options.Namespace(http), Number("payloads", payloads, 0, PacketTrace.MaxPayloadBytes, lowest: 0), time);
            if (trace is null)
            {
                await Refuse(StatusCodes.Status429TooManyRequests, "As many traces run as may; end one, or raise --max-traces.").ExecuteAsync(http).ConfigureAwait(false);
                return;
            }

            http.Response.ContentType = "application/x-ndjson";
            await http.Response.StartAsync(ended.Token).ConfigureAwait(false);
            await http.Response.BodyWriter.FlushAsync(ended.Token).ConfigureAwait(false);
            await foreach (var line in trace.ReadAsync(ended.Token).ConfigureAwait(false))
            {
                // Not ended by the stop: a write that is cancelled breaks the connection, and the answer would have no end. Who does not read is cut off at the end of the time that a stop may take.
                await http.Response.BodyWriter.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(line, InspectionJson.Default.TraceLine), (byte)'\n'], http.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (FormatException wrong)
        {
            await Refuse(StatusCodes.Status400BadRequest, wrong.Message).ExecuteAsync(http).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Who looked has seen enough, or the program stops.
        }
    }

    private static LogLevelStatus SetLevel(string? text, Action<LogLevel> set)
    {
        if (!Enum.TryParse<LogLevel>(Required("level", text), ignoreCase: true, out var level) || !Enum.IsDefined(level))
            throw new FormatException("level is Trace, Debug, Information, Warning, Error, Critical or None.");
        set(level);
        return new LogLevelStatus(level.ToString());
    }

    private static IResult Refuse(int status, string detail) =>
        Results.Json(new InspectionProblem(detail, status), InspectionJson.Default.InspectionProblem, "application/problem+json", status);

    private static TopBy By(string? text) => text is null ? TopBy.Rate
        : Enum.TryParse<TopBy>(text, ignoreCase: true, out var by) && Enum.IsDefined(by) ? by : throw new FormatException("by is rate, lost, queue or slow.");

    private static BanKind Kind(string? text) => text switch
    {
        "client" => BanKind.Client,
        "user" => BanKind.User,
        "address" => BanKind.Address,
        _ => throw new FormatException("kind is client, user or address."),
    };

    private static DateTimeOffset? Time(string name, string? text) => text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time : throw new FormatException($"{name} is a time, as 2026-12-31T12:00:00Z.");

    private static string Required(string name, string? text) => text is { Length: > 0 } ? text : throw new FormatException($"{name} is missing.");

    private static bool? Flag(string name, string? text) => text is null ? null
        : bool.TryParse(text, out var flag) ? flag : throw new FormatException($"{name} is true or false.");

    private static int Limit(string? text, int standard = 100) => Number("limit", text, standard, MqttInspection.MaxPage);

    private static int Number(string name, string? text, int standard, int highest, int lowest = 1) => text is null ? standard
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= lowest && number <= highest
            ? number : throw new FormatException($"{name} is {lowest} to {highest}.");
}
