using System.Text;

namespace Strata.Cloud.Contracts;

/// <summary>Configuration of devices in layers.</summary>
public sealed partial class StrataClient
{
    public Task<Page<ConfigurationLayerInfo>> ListConfigurationLayersAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/configuration/layers", Json.PageConfigurationLayerInfo, cancellationToken);

    /// <param name="layer"><c>tenant</c>, <c>group/ID</c>, <c>site/PATH</c> or <c>device/ID</c>.</param>
    public Task<ConfigurationLayerInfo> GetConfigurationLayerAsync(string layer, CancellationToken cancellationToken = default) => GetAsync(LayerPath(layer), Json.ConfigurationLayerInfo, cancellationToken);

    /// <param name="version">The version that it was decided on, 0 for a new one; null for any.</param>
    public Task<ConfigurationLayerInfo> PutConfigurationLayerAsync(string layer, string json, string? why = null, long? version = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, Query(LayerPath(layer), ("why", why)), new StringContent(json, Encoding.UTF8, "application/json"), Json.ConfigurationLayerInfo, cancellationToken, version);

    public Task DeleteConfigurationLayerAsync(string layer, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, LayerPath(layer), null, cancellationToken);

    /// <summary>What the layers come to for a device, and where each value comes from.</summary>
    public Task<ConfigurationInfo> GetConfigurationAsync(string device, CancellationToken cancellationToken = default) => GetAsync($"api/v1/devices/{Escape(device)}/configuration", Json.ConfigurationInfo, cancellationToken);

    public Task<string> GetConfigurationSchemaAsync(string model, CancellationToken cancellationToken = default) => GetTextAsync($"api/v1/configuration/schemas/{Escape(model)}", "application/schema+json", cancellationToken);

    public async Task PutConfigurationSchemaAsync(string model, string schema, CancellationToken cancellationToken = default)
    {
        using var response = await RequestAsync(HttpMethod.Put, $"api/v1/configuration/schemas/{Escape(model)}", new StringContent(schema, Encoding.UTF8, "application/json"), "application/json", cancellationToken);
    }

    public Task DeleteConfigurationSchemaAsync(string model, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"api/v1/configuration/schemas/{Escape(model)}", null, cancellationToken);

    private static string LayerPath(string layer) => $"api/v1/configuration/layers/{string.Join('/', layer.Split('/').Select(Escape))}";
}
