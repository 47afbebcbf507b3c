using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Strata.Mqtt.Inspection;

namespace Strata.Cli.Broker;

/// <summary>Speaks to a running broker by its control socket, or to the engine of a node by the node's API.</summary>
internal sealed class BrokerControlClient : IDisposable
{
    private readonly HttpClient http;
    private readonly string where;

    private BrokerControlClient(string where, SocketsHttpHandler handler, Uri address) =>
        (this.where, http) = (where, new HttpClient(handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan });

    /// <summary>A broker of this machine.</summary>
    public static BrokerControlClient OfSocket(string socket) => new(
        socket, new SocketsHttpHandler { ConnectCallback = (_, cancellationToken) => ConnectAsync(socket, cancellationToken) }, new Uri("http://broker/api/v1/mqtt/"));

    /// <summary>A cloud node or gateway.</summary>
    /// <param name="token">Of an administrator; null: none.</param>
    public static BrokerControlClient OfNode(Uri address, string? token)
    {
        var client = new BrokerControlClient(address.ToString(), new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }, new Uri(address, "api/v1/mqtt/"));
        if (token is not null)
            client.http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public Task<BrokerStatus> StatusAsync(CancellationToken cancellationToken) => GetAsync("status", InspectionJson.Default.BrokerStatus, cancellationToken);

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, type, cancellationToken);

    public async Task<T> SendAsync<T>(HttpMethod method, string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var response = await SendAsync(method, path, HttpCompletionOption.ResponseContentRead, limit.Token);
        await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
        return await JsonSerializer.DeserializeAsync(body, type, limit.Token) ?? throw new CliException(ExitCode.Failed, "the broker answered nothing.");
    }

    /// <summary>The packets of a client, until the trace ends.</summary>
    public async IAsyncEnumerable<TraceLine> TraceAsync(string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await NextAsync(reader, cancellationToken) is { } line)
            yield return JsonSerializer.Deserialize(line, InspectionJson.Default.TraceLine)!;
    }

    public void Dispose() => http.Dispose();

    /// <summary>A path with those of the values that are given.</summary>
    public static string Path(string path, params (string Name, string? Value)[] query) =>
        path + "?" + string.Join('&', query.Where(static q => q.Value is not null).Select(static q => $"{q.Name}={Uri.EscapeDataString(q.Value!)}"));

    public static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task<string?> NextAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return null; // The broker has ended.
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpCompletionOption until, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            using var request = new HttpRequestMessage(method, path);
            response = await http.SendAsync(request, until, cancellationToken);
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied })
        {
            throw new CliException(ExitCode.Unauthorized, $"{where} may be opened by its owner only; run this as the user of the broker.");
        }
        catch (HttpRequestException e)
        {
            throw new CliException(ExitCode.Unreachable, $"no broker answers at {where} ({(e.InnerException ?? e).Message.TrimEnd('.')}); is it running?");
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw new CliException(Code(response.StatusCode), await ReasonAsync(response, cancellationToken));
    }

    private static int Code(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => ExitCode.Usage,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCode.Unauthorized,
        _ => ExitCode.Failed,
    };

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            var problem = await JsonSerializer.DeserializeAsync(await response.Content.ReadAsStreamAsync(cancellationToken), InspectionJson.Default.InspectionProblem, cancellationToken);
            return problem?.Detail ?? $"the broker answered {(int)response.StatusCode}.";
        }
        catch (JsonException)
        {
            return $"the broker answered {(int)response.StatusCode}; is it one of this version?";
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string socket, CancellationToken cancellationToken)
    {
        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(System.IO.Path.GetFullPath(socket)), cancellationToken);
            return new NetworkStream(connection, ownsSocket: true);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
