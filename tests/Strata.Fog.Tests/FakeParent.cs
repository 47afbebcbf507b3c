using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;

namespace Strata.Fog.Tests;

/// <summary>What the parent does with an uplink request.</summary>
internal enum Fault
{
    None,

    /// <summary>Takes nothing and breaks the connection.</summary>
    Broken,

    /// <summary>Takes nothing and answers 503.</summary>
    Unavailable,

    /// <summary>Takes nothing and answers 429: come again in two seconds.</summary>
    TooFast,

    /// <summary>Takes the entries and breaks the connection before it answers.</summary>
    AnswerLost,

    /// <summary>Takes nothing and answers nothing.</summary>
    Silent,
}

/// <summary>An entry as it stands on the wire.</summary>
internal sealed record Taken(long Number, string Kind, JsonElement Payload, bool Live);

/// <summary>A parent on a real socket: takes entries exactly once by their numbers, remembers the order in which they came, and fails when told to.</summary>
internal sealed class FakeParent : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Lock gate = new();
    private readonly SortedDictionary<long, Taken> taken = [];
    private readonly List<Taken> arrivals = [];
    private readonly Channel<string> events = Channel.CreateUnbounded<string>();
    private readonly Dictionary<string, TaskCompletionSource<(int Status, string Body)>> asked = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource links = new();
    private long? toldToWait;

    private FakeParent(WebApplication app) => this.app = app;

    public required GatewayConfiguration Configuration { get; set; }

    public string JoinToken { get; init; } = "join-me";

    public Fault Fault { get; set; }

    /// <summary>What it answers a gateway about shadows: nothing, unless told otherwise.</summary>
    public Func<string, GatewayShadows, GatewayShadowsAnswer> Shadows { get; set; } = (_, _) => new GatewayShadowsAnswer([], []);

    public GatewayStatus? Status { get; private set; }

    public int Repeated { get; private set; }

    public long Lowest { get; private set; }

    public HashSet<string> Streams { get; } = [];

    public int Requests { get; private set; }

    /// <summary>From an answer of 429 to the next request.</summary>
    public TimeSpan? Waited { get; private set; }

    public Uri Address => new(app.Urls.First());

    public static async Task<FakeParent> StartAsync(GatewayConfiguration configuration, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        var parent = new FakeParent(app) { Configuration = configuration };
        app.MapPost("/api/v1/gateways/join", parent.JoinAsync);
        app.MapPost("/api/v1/gateways/{id}/uplink", parent.UplinkAsync);
        app.MapPost("/api/v1/gateways/{id}/status", parent.StatusAsync);
        app.MapPost("/api/v1/gateways/{id}/shadows", parent.ShadowsAsync);
        app.MapGet("/api/v1/gateways/{id}/link", parent.LinkAsync);
        app.MapPost("/api/v1/gateways/{id}/link/responses/{request}", parent.ResponseAsync);
        await app.StartAsync();
        return parent;
    }

    /// <summary>Entries taken, by number.</summary>
    public IReadOnlyList<Taken> Taken
    {
        get
        {
            lock (gate)
                return [.. taken.Values];
        }
    }

    /// <summary>Entries in the order in which they came first.</summary>
    public IReadOnlyList<Taken> Arrivals
    {
        get
        {
            lock (gate)
                return [.. arrivals];
        }
    }

    /// <summary>Raw readings taken, in the order of their entries: device, time in ms, metric, value.</summary>
    public IReadOnlyList<(string Device, double Time, string Metric, JsonElement Value)> Readings => [.. OfKind("r").SelectMany(ReadingsOf)];

    public static IEnumerable<(string Device, double Time, string Metric, JsonElement Value)> ReadingsOf(Taken entry)
    {
        var device = entry.Payload.GetProperty("d").GetString()!;
        if (entry.Payload.TryGetProperty("v", out var values))
            return values.EnumerateObject().Select(v => (device, entry.Payload.GetProperty("t").GetDouble(), v.Name, v.Value));
        return entry.Payload.GetProperty("s").EnumerateArray().SelectMany(s => s[1].EnumerateObject().Select(v => (device, s[0].GetDouble(), v.Name, v.Value)));
    }

    public IEnumerable<Taken> OfKind(string kind) => Taken.Where(t => t.Kind == kind);

    /// <summary>Waits until what was taken (or the status) satisfies the condition.</summary>
    public async Task UntilAsync(Func<FakeParent, bool> holds, string awaited)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            Task next;
            lock (gate)
                next = changed.Task;
            if (holds(this))
                return;
            try
            {
                await next.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                var kinds = string.Join(", ", Taken.GroupBy(t => t.Kind).Select(g => $"{g.Count()} {g.Key}"));
                throw new TimeoutException($"Awaited in vain: {awaited}. Taken: {kinds}; requests {Requests}; status {JsonSerializer.Serialize(Status?.Books)}");
            }
        }
    }

    /// <summary>Ends all links, as a cut cable does.</summary>
    public void CutLinks()
    {
        var old = Interlocked.Exchange(ref links, new CancellationTokenSource());
        old.Cancel();
        old.Dispose();
    }

    public void Send(GatewayChange change) => events.Writer.TryWrite($"event: change\ndata: {JsonSerializer.Serialize(change, ContractsJson.Default.GatewayChange)}\n\n");

    public async Task<(int Status, string Body)> AskAsync(string path)
    {
        var answer = new TaskCompletionSource<(int, string)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var id = Guid.NewGuid().ToString("n");
        lock (gate)
            asked[id] = answer;
        events.Writer.TryWrite($"event: request\ndata: {JsonSerializer.Serialize(new LinkRequest(id, path), ContractsJson.Default.LinkRequest)}\n\n");
        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    public async ValueTask DisposeAsync()
    {
        CutLinks();
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(soon.Token);
        await app.DisposeAsync();
        links.Dispose();
    }

    private async Task JoinAsync(HttpContext context)
    {
        var request = (await context.Request.ReadFromJsonAsync(ContractsJson.Default.JoinRequest))!;
        if (request.Token != JoinToken)
        {
            await Results.Problem("the join token is not known", statusCode: 401).ExecuteAsync(context);
            return;
        }
        var id = request.Name ?? Configuration.Gateway;
        await Results.Json(new JoinResponse(id, $"secret-of-{id}", request.Site), ContractsJson.Default.JoinResponse).ExecuteAsync(context);
    }

    private async Task UplinkAsync(HttpContext context, string id, string stream, long lowest, int live)
    {
        Requests++;
        if (Fault is Fault.Broken)
        {
            context.Abort();
            return;
        }
        if (Fault is Fault.Silent)
        {
            Signal();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }
        if (Fault is Fault.TooFast)
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "2";
            (Fault, toldToWait) = (Fault.None, TimeProvider.System.GetTimestamp());
            Signal();
            return;
        }
        if (toldToWait is { } since)
            (Waited, toldToWait) = (TimeProvider.System.GetElapsedTime(since), null);
        if (Fault is Fault.Unavailable)
        {
            context.Response.StatusCode = 503;
            Signal();
            return;
        }
        IsItself(context, id);
        using var reader = new StreamReader(context.Request.Body);
        var lines = (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var numbers = new List<long[]>();
        lock (gate)
        {
            Streams.Add(stream);
            Lowest = lowest;
            foreach (var line in lines)
            {
                var entry = JsonDocument.Parse(line).RootElement;
                var number = entry[0].GetInt64();
                var item = new Taken(number, entry[1].GetString()!, entry[2].Clone(), live == 1);
                if (taken.TryAdd(number, item))
                    arrivals.Add(item);
                else
                    Repeated++;
                numbers.Add([number, number]);
            }
        }
        if (Fault is Fault.AnswerLost)
            context.Abort();
        else
            await Results.Json(new UplinkAnswer(numbers, []), ContractsJson.Default.UplinkAnswer).ExecuteAsync(context);
        Signal();
    }

    private async Task ShadowsAsync(HttpContext context, string id)
    {
        if (Fault is not Fault.None)
        {
            context.Abort();
            return;
        }
        IsItself(context, id);
        var asked = (await context.Request.ReadFromJsonAsync(ContractsJson.Default.GatewayShadows))!;
        await context.Response.WriteAsJsonAsync(Shadows(id, asked), ContractsJson.Default.GatewayShadowsAnswer);
        Signal();
    }

    private static void IsItself(HttpContext context, string id) =>
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:secret-of-{id}")), context.Request.Headers.Authorization.ToString());

    private async Task StatusAsync(HttpContext context)
    {
        if (Fault is not Fault.None)
        {
            context.Abort();
            return;
        }
        Status = await context.Request.ReadFromJsonAsync(ContractsJson.Default.GatewayStatus);
        context.Response.StatusCode = 204;
        Signal();
    }

    private async Task LinkAsync(HttpContext context)
    {
        if (Fault is Fault.Broken)
        {
            context.Abort();
            return;
        }
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, links.Token);
        context.Response.ContentType = "text/event-stream";
        try
        {
            var first = context.Request.Query["version"] == Configuration.Version.ToString()
                ? "event: ping\ndata:\n\n"
                : $"event: configuration\ndata: {JsonSerializer.Serialize(Configuration, ContractsJson.Default.GatewayConfiguration)}\n\n";
            await context.Response.WriteAsync(first, ended.Token);
            await context.Response.Body.FlushAsync(ended.Token);
            while (true)
            {
                using var soon = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
                soon.CancelAfter(TimeSpan.FromSeconds(3));
                Task next = events.Reader.WaitToReadAsync(soon.Token).AsTask();
                await next.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                ended.Token.ThrowIfCancellationRequested();
                await context.Response.WriteAsync(events.Reader.TryRead(out var text) ? text : "event: ping\ndata:\n\n", ended.Token);
                await context.Response.Body.FlushAsync(ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }

    private async Task ResponseAsync(HttpContext context, string request)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        lock (gate)
        {
            if (asked.Remove(request, out var answer))
                answer.TrySetResult((int.Parse(context.Request.Headers["X-Status"].ToString()), body));
        }
        context.Response.StatusCode = 204;
    }

    private void Signal()
    {
        lock (gate)
        {
            changed.TrySetResult();
            changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
