using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Billing.Sla;

/// <summary>Where the node reaches its own listener.</summary>
public sealed record ProbeAddress(Func<Uri> Address);

/// <summary>What one probe came to.</summary>
/// <param name="Ingest">Whether a reading sent through the listener was acknowledged, that is: is durable.</param>
/// <param name="IngestMs">How long it took.</param>
/// <param name="Api">Whether the API gave that very reading back.</param>
internal readonly record struct ProbeResult(bool Ingest, decimal? IngestMs, bool Api);

/// <summary>
/// Asks the node as a device and as a program would: sends a reading by HTTP through its listener and reads it back from the API. The device is of a tenant that is known in
/// memory only, so that nobody's readings, devices or figures are touched.
/// </summary>
internal sealed partial class ServiceProbe : IDisposable
{
    /// <summary>The tenant and the device of the probe.</summary>
    public const string Name = "strata-probe";

    private readonly HttpClient http;
    private readonly ProbeAddress address;
    private readonly DeviceDirectory devices;
    private readonly TenantDirectory tenants;
    private readonly AdminToken admin;
    private readonly TimeProvider time;
    private readonly ILogger<ServiceProbe> logger;
    private readonly string secret = DeviceSecrets.Create();

    /// <summary>One probe at a time: the reading of another would be the latest.</summary>
    private readonly SemaphoreSlim turn = new(1, 1);

    public ServiceProbe(ProbeAddress address, DeviceDirectory devices, TenantDirectory tenants, AdminToken admin, BillingOptions options, TimeProvider time, ILogger<ServiceProbe> logger)
    {
        (this.address, this.devices, this.tenants, this.admin, this.time, this.logger) = (address, devices, tenants, admin, time, logger);
        // Lives as long as the node; each probe opens its own connection, as a client that comes anew would.
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = options.ProbeTimeout };
    }

    public async Task<ProbeResult> RunAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await AskAsync(cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<ProbeResult> AskAsync(CancellationToken cancellationToken)
    {
        var tenant = TenantId.Parse(Name);
        tenants.Set(tenant, active: true);
        devices.Set(new DeviceEntry(tenant, DeviceId.Parse(Name), DeviceSecrets.Hash(secret), null, TimeSpan.FromMinutes(5), Enabled: true));
        var value = time.GetUtcNow().ToUnixTimeMilliseconds();
        var began = time.GetTimestamp();
        var ingest = await TryAsync("ingest", () => SendAsync(value, cancellationToken), cancellationToken);
        decimal? took = ingest ? (decimal)time.GetElapsedTime(began).TotalMilliseconds : null;
        // Without a reading of its own it asks whether the API answers at all.
        var api = await TryAsync("API", () => ReadAsync(ingest ? value : null, cancellationToken), cancellationToken);
        return new ProbeResult(ingest, took, api);
    }

    public void Dispose()
    {
        http.Dispose();
        turn.Dispose();
    }

    private async Task<string?> SendAsync(long value, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address.Address(), $"api/v1/devices/{Name}/telemetry"))
        {
            Content = new StringContent(string.Create(CultureInfo.InvariantCulture, $$"""{"probe":{{value}}}"""), Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Name}/{Name}:{secret}")));
        using var response = await http.SendAsync(request, cancellationToken);
        return response.IsSuccessStatusCode ? null : $"{(int)response.StatusCode} {response.ReasonPhrase}";
    }

    private async Task<string?> ReadAsync(long? value, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address.Address(), $"api/v1/latest?device={Name}&at=here"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", admin.Value);
        request.Headers.Add(CallerTenant.Header, Name);
        using var response = await http.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
            return $"{(int)response.StatusCode} {response.ReasonPhrase}";
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return value is null || text.Contains(value.Value.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) ? null : "the reading that was just acknowledged is not there";
    }

    private async Task<bool> TryAsync(string what, Func<Task<string?>> ask, CancellationToken cancellationToken)
    {
        string? fault;
        try
        {
            fault = await ask();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or TaskCanceledException or JsonException or IOException)
        {
            fault = e is TaskCanceledException ? $"no answer within {http.Timeout.TotalSeconds:0.#} s" : e.Message;
        }
        if (fault is not null)
            LogFailed(what, fault);
        return fault is null;
    }

    [LoggerMessage(5311, LogLevel.Warning, "The node did not serve its own probe ({What}): {Fault}")]
    private partial void LogFailed(string what, string fault);
}
