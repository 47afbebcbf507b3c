using System.Collections.Concurrent;
using System.Net;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Strata.Cloud.Tenancy.Providers;

/// <summary>The way to providers: bounded answers, a short deadline, no redirects; what a provider says of itself is kept for half a day. Safe from any thread.</summary>
internal sealed class ProviderHttp(People.PeopleOptions options, TimeProvider time) : IDisposable
{
    private const int MaxAnswer = 1 << 20;

    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(12);
    private static readonly TimeSpan AskedAMomentAgo = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Kept> known = new(StringComparer.Ordinal);

    public HttpClient Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5), AutomaticDecompression = DecompressionMethods.All })
    {
        Timeout = options.ProviderTimeout, MaxResponseContentBufferSize = MaxAnswer,
    };

    /// <summary>Https, or this machine, for who tries a provider there.</summary>
    public static bool IsAllowed(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);

    /// <summary>What the provider says of itself.</summary>
    /// <param name="again">Asks it anew, unless it was asked a moment ago: its keys may have changed.</param>
    public async Task<OpenIdConnectConfiguration> DescribeAsync(string issuer, bool again, CancellationToken cancellationToken)
    {
        var kept = known.GetValueOrDefault(issuer);
        if (kept is not null && time.GetUtcNow() - kept.At < (again ? AskedAMomentAgo : KeptFor))
            return kept.Configuration;
        var retriever = new HttpDocumentRetriever(Client) { RequireHttps = !new Uri(issuer).IsLoopback };
        var described = await OpenIdConnectConfigurationRetriever.GetAsync($"{issuer.TrimEnd('/')}/.well-known/openid-configuration", retriever, cancellationToken);
        known[issuer] = new Kept(described, time.GetUtcNow());
        return described;
    }

    /// <summary>To be called when a provider is set anew or is no tenant's any more; so there are as many as tenants have.</summary>
    public void Forget(string issuer) => known.TryRemove(issuer, out _);

    public void Dispose() => Client.Dispose();

    private sealed record Kept(OpenIdConnectConfiguration Configuration, DateTimeOffset At);
}
