namespace Strata.Cloud.Contracts;

/// <summary>Artifacts of updates, and the keys by which they are believed.</summary>
public sealed partial class StrataClient
{
    /// <summary>Sends bytes; the node reckons their hash and refuses others.</summary>
    public Task<ArtifactContent> SendArtifactContentAsync(string sha256, Stream content, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/artifact-contents/{sha256}", new StreamContent(content) { Headers = { ContentType = new("application/octet-stream") } }, Json.ArtifactContent, cancellationToken);

    public Task<ArtifactInfo> AddArtifactAsync(AddArtifact request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/artifacts", Body(request, Json.AddArtifact), Json.ArtifactInfo, cancellationToken);

    /// <summary>By component, then from the newest version on.</summary>
    /// <param name="part">Only those whose bill of materials names it: <c>openssl</c>, or <c>openssl@3.0.13</c>.</param>
    public Task<Page<ArtifactInfo>> ListArtifactsAsync(
        string? component = null, string? model = null, string? part = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/artifacts", ("component", component), ("model", model), ("part", part), ("cursor", cursor), ("limit", limit)), Json.PageArtifactInfo, cancellationToken);

    public Task<ArtifactInfo> GetArtifactAsync(string id, CancellationToken cancellationToken = default) => GetAsync($"api/v1/artifacts/{PathOf(id)}", Json.ArtifactInfo, cancellationToken);

    public Task DeleteArtifactAsync(string id, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"api/v1/artifacts/{PathOf(id)}", null, cancellationToken);

    /// <summary>The bill of materials as it was sent.</summary>
    public Task<string> GetArtifactBomAsync(string id, CancellationToken cancellationToken = default) => GetTextAsync($"api/v1/artifacts/{PathOf(id)}/sbom", "application/vnd.cyclonedx+json", cancellationToken);

    public Task<Page<ArtifactKeyInfo>> ListArtifactKeysAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/artifact-keys", Json.PageArtifactKeyInfo, cancellationToken);

    public Task<ArtifactKeyInfo> SaveArtifactKeyAsync(string id, SaveArtifactKey request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/artifact-keys/{Escape(id)}", Body(request, Json.SaveArtifactKey), Json.ArtifactKeyInfo, cancellationToken);

    /// <summary>What it signed is not believed any more.</summary>
    public Task DeleteArtifactKeyAsync(string id, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"api/v1/artifact-keys/{Escape(id)}", null, cancellationToken);

    public Task<ArtifactPolicy> GetArtifactPolicyAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/artifact-policy", Json.ArtifactPolicy, cancellationToken);

    public Task<ArtifactPolicy> SaveArtifactPolicyAsync(ArtifactPolicy policy, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, "api/v1/artifact-policy", Body(policy, Json.ArtifactPolicy), Json.ArtifactPolicy, cancellationToken);

    /// <summary>Of <c>component/version/hash</c>, whose slashes divide the path.</summary>
    private static string PathOf(string id) => string.Join('/', id.Split('/').Select(Escape));
}
