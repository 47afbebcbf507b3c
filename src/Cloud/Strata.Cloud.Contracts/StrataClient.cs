using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Strata.Cloud.Contracts;

/// <summary>
/// The typed client of the HTTP API: one method per call, named after it. The <see cref="HttpClient"/> carries the base address and belongs to
/// the caller. A refusal is a <see cref="StrataApiException"/> with the node's problem details.
/// </summary>
/// <param name="tenant">The tenant that a platform owner acts for; null for the token's own.</param>
public sealed partial class StrataClient(HttpClient http, string? token, string? tenant = null)
{
    private const string TenantHeader = "Strata-Tenant";

    private static readonly ContractsJson Json = ContractsJson.Default;

    public Uri? BaseAddress => http.BaseAddress;

    public Task<Page<SiteInfo>> ListSitesAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/sites", ("cursor", cursor), ("limit", limit)), Json.PageSiteInfo, cancellationToken);

    public Task<Page<GatewayInfo>> ListGatewaysAsync(string? site = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/gateways", ("site", site), ("cursor", cursor), ("limit", limit)), Json.PageGatewayInfo, cancellationToken);

    public Task<GatewayInfo> GetGatewayAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/gateways/{Escape(id)}", Json.GatewayInfo, cancellationToken);

    public Task<JoinToken> CreateJoinTokenAsync(CreateJoinToken request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/gateways/tokens", Body(request, Json.CreateJoinToken), Json.JoinToken, cancellationToken);

    public Task<JoinResponse> JoinAsync(JoinRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/gateways/join", Body(request, Json.JoinRequest), Json.JoinResponse, cancellationToken);

    public Task<Page<DeviceInfo>> ListDevicesAsync(
        string? search = null, string? state = null, string? site = null, string? gateway = null, string? cursor = null, int? limit = null, string? query = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            Query("api/v1/devices", ("query", query), ("search", search), ("state", state), ("site", site), ("gateway", gateway), ("cursor", cursor), ("limit", limit)),
            Json.PageDeviceInfo, cancellationToken);

    public Task<DeviceInfo> GetDeviceAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/devices/{Escape(id)}", Json.DeviceInfo, cancellationToken);

    public Task<DeviceSecret> CreateDeviceAsync(CreateDevice request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/devices", Body(request, Json.CreateDevice), Json.DeviceSecret, cancellationToken);

    /// <summary>Gives the device a new secret; the old one stops working at once.</summary>
    public Task<DeviceSecret> RotateDeviceSecretAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/devices/{Escape(id)}/secret", null, Json.DeviceSecret, cancellationToken);

    public Task DeleteDeviceAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/devices/{Escape(id)}", null, cancellationToken);

    public Task<Page<Rejection>> ListRejectionsAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/devices/rejected", ("cursor", cursor), ("limit", limit)), Json.PageRejection, cancellationToken);

    public Task<Page<EventInfo>> ListEventsAsync(string? device = null, string? gateway = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/events", ("device", device), ("gateway", gateway), ("cursor", cursor), ("limit", limit)), Json.PageEventInfo, cancellationToken);

    public Task<Page<GapInfo>> ListGapsAsync(string? gateway = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/gaps", ("gateway", gateway), ("cursor", cursor), ("limit", limit)), Json.PageGapInfo, cancellationToken);

    /// <summary>Applies a description of the architecture (YAML).</summary>
    /// <param name="fileName">Named in error messages.</param>
    public Task<ApplyResult> ApplyAsync(string yaml, bool dryRun, bool prune, string? fileName = null, CancellationToken cancellationToken = default)
    {
        var content = new StringContent(yaml, Encoding.UTF8, "application/yaml");
        return SendAsync(HttpMethod.Post, Query("api/v1/apply", ("dryRun", dryRun), ("prune", prune), ("file", fileName)), content, Json.ApplyResult, cancellationToken);
    }

    /// <summary>The architecture in the form that <see cref="ApplyAsync"/> takes.</summary>
    public Task<string> ExportAsync(string? site = null, CancellationToken cancellationToken = default) =>
        GetTextAsync(Query("api/v1/export", ("site", site)), "application/yaml", cancellationToken);

    public Task<Page<ReadingInfo>> ListReadingsAsync(ReadingsQuery query, CancellationToken cancellationToken = default) =>
        GetAsync(query.ToPath("api/v1/readings"), Json.PageReadingInfo, cancellationToken);

    /// <summary>Buckets of <see cref="ReadingsQuery.Every"/> with the functions of <see cref="ReadingsQuery.Aggregate"/>.</summary>
    public Task<Page<AggregateInfo>> AggregateReadingsAsync(ReadingsQuery query, CancellationToken cancellationToken = default) =>
        GetAsync(query.ToPath("api/v1/readings"), Json.PageAggregateInfo, cancellationToken);

    /// <summary>The same as CSV, one page; the header <c>Link</c>'s cursor is in the tuple.</summary>
    public async Task<(string Csv, string? Next)> ListReadingsCsvAsync(ReadingsQuery query, CancellationToken cancellationToken = default)
    {
        using var response = await RequestAsync(HttpMethod.Get, query.ToPath("api/v1/readings"), null, "text/csv", cancellationToken);
        var next = response.Headers.TryGetValues("X-Next-Cursor", out var values) ? values.FirstOrDefault() : null;
        return (await response.Content.ReadAsStringAsync(cancellationToken), next);
    }

    public Task<ReadingCount> CountReadingsAsync(string? device = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/readings/count", ("device", device)), Json.ReadingCount, cancellationToken);

    public Task<Page<WindowInfo>> ListWindowsAsync(
        string? site = null, string? group = null, DateTimeOffset? from = null, DateTimeOffset? to = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            Query("api/v1/windows", ("site", site), ("group", group), ("from", from), ("to", to), ("cursor", cursor), ("limit", limit)),
            Json.PageWindowInfo, cancellationToken);

    public Task<Page<LatestInfo>> ListLatestAsync(string? device = null, string? site = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/latest", ("device", device), ("site", site)), Json.PageLatestInfo, cancellationToken);

    public Task<TraceInfo> GetTraceAsync(string device, string metric, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/traces/{Escape(device)}/{Escape(metric)}", Json.TraceInfo, cancellationToken);

    public Task<StatisticsInfo> GetStatisticsAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/statistics", Json.StatisticsInfo, cancellationToken);

    public Task<HealthInfo> GetHealthAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/health", Json.HealthInfo, cancellationToken);

    /// <summary>A new one-time link for the dashboard (<c>POST /api/v1/login-links</c>).</summary>
    public Task<LoginLink> CreateLoginLinkAsync(CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/login-links", null, Json.LoginLink, cancellationToken);

    /// <summary>Readings, windows and events as they become visible; ends when the connection does. A consumer that is too slow misses items.</summary>
    public async IAsyncEnumerable<LiveItem> LiveAsync(
        string? device = null, string? site = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var response = await RequestAsync(HttpMethod.Get, Query("api/v1/live", ("device", device), ("site", site)), null, "text/event-stream", cancellationToken);
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var parser = SseParser.Create(stream, (_, data) => data.Length == 0 ? null : JsonSerializer.Deserialize(data, Json.LiveItem));
        await foreach (var item in parser.EnumerateAsync(cancellationToken))
        {
            if (item.Data is { } live)
                yield return live;
        }
    }

    /// <summary>Adds the parameters that are not null to a path.</summary>
    internal static string Query(string path, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var query = new StringBuilder(path);
        var separator = '?';
        foreach (var (name, value) in parameters)
        {
            var text = value switch
            {
                null => null,
                bool b => b ? "true" : "false",
                DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", System.Globalization.CultureInfo.InvariantCulture),
                _ => value.ToString(),
            };
            if (text is null)
                continue;
            query.Append(separator).Append(name).Append('=').Append(Escape(text));
            separator = '&';
        }
        return query.ToString();
    }

    internal static string Escape(string text) => Uri.EscapeDataString(text);

    private static StringContent Body<T>(T value, JsonTypeInfo<T> type) => new(JsonSerializer.Serialize(value, type), Encoding.UTF8, "application/json");

    private Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, type, cancellationToken);

    private async Task<string> GetTextAsync(string path, string accept, CancellationToken cancellationToken)
    {
        using var response = await RequestAsync(HttpMethod.Get, path, null, accept, cancellationToken);
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type, CancellationToken cancellationToken, long? revision = null)
    {
        using var response = await RequestAsync(method, path, content, "application/json", cancellationToken, revision);
        return await response.Content.ReadFromJsonAsync(type, cancellationToken)
            ?? throw new StrataApiException(response.StatusCode, "The node answered with nothing.", null);
    }

    private async Task SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var response = await RequestAsync(method, path, content, "application/json", cancellationToken);
    }

    private async Task<HttpResponseMessage> RequestAsync(HttpMethod method, string path, HttpContent? content, string accept, CancellationToken cancellationToken, long? revision = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (revision is { } known)
            request.Headers.IfMatch.Add(new EntityTagHeaderValue($"\"{known}\""));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (tenant is not null)
            request.Headers.Add(TenantHeader, tenant);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw await StrataApiException.FromAsync(response, cancellationToken);
    }
}

/// <summary>The node refused a request.</summary>
/// <param name="statusCode">As answered.</param>
/// <param name="detail">What, where, and what to do.</param>
/// <param name="field">The field or position at fault, when there is one.</param>
public sealed class StrataApiException(HttpStatusCode statusCode, string detail, string? field) : Exception(detail)
{
    public HttpStatusCode StatusCode { get; } = statusCode;

    public string? Field { get; } = field;

    internal static async Task<StrataApiException> FromAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        string? detail = null, field = null;
        try
        {
            using var problem = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
            if (problem.RootElement.ValueKind == JsonValueKind.Object)
            {
                detail = Text(problem.RootElement, "detail") ?? Text(problem.RootElement, "title");
                field = Text(problem.RootElement, "field");
            }
        }
        catch (JsonException)
        {
            detail = null; // Not problem details (a proxy's page, say): the status says what is known.
        }
        return new StrataApiException(response.StatusCode, detail ?? $"The node answered {(int)response.StatusCode} {response.ReasonPhrase}.", field);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
