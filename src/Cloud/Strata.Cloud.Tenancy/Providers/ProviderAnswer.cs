using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;

namespace Strata.Cloud.Tenancy.Providers;

/// <summary>Whom the provider let in.</summary>
/// <param name="Email">Null when the provider says none, or does not say that it is verified.</param>
internal sealed record ProvenPerson(string Subject, string? Email, string? Name, IReadOnlySet<string> Groups);

/// <summary>
/// Exchanges a code for an ID token and believes it only when everything holds: signed by a key of the provider with an asymmetric algorithm, of this issuer, for this client, not
/// outside its time by more than the allowed skew, with the nonce of this sign-in (OpenID Connect Core 1.0, 3.1.3.7).
/// </summary>
internal sealed class ProviderAnswer(ProviderHttp http, SealedBox box, PeopleOptions options, TimeProvider time)
{
    public const string SecretPurpose = "provider.client-secret";

    private const int MaxGroups = 1_000;

    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384,
        SecurityAlgorithms.RsaSsaPssSha512, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private static readonly JsonWebTokenHandler Reader = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = 64 << 10 };

    /// <exception cref="HttpRequestException">The provider does not answer; so do the exceptions of the discovery.</exception>
    public async Task<Outcome<ProvenPerson>> ExchangeAsync(ProviderRow provider, string code, string redirectUri, string verifier, string nonce, CancellationToken cancellationToken)
    {
        var described = await http.DescribeAsync(provider.Issuer, again: false, cancellationToken);
        var token = await RedeemAsync(provider, described, code, redirectUri, verifier, cancellationToken);
        if (!token.IsOk)
            return token.Problem;
        var checkedToken = await CheckAsync(provider, described, token.Value!);
        if (checkedToken.Exception is SecurityTokenSignatureKeyNotFoundException)
            checkedToken = await CheckAsync(provider, await http.DescribeAsync(provider.Issuer, again: true, cancellationToken), token.Value!); // It may have taken a new key.
        if (!checkedToken.IsValid || checkedToken.SecurityToken is not JsonWebToken read)
            return Refused(checkedToken.Exception switch
            {
                SecurityTokenExpiredException or SecurityTokenInvalidLifetimeException => "its answer is too old, or the clocks differ",
                SecurityTokenInvalidIssuerException => "its answer is of another issuer",
                SecurityTokenInvalidAudienceException => "its answer is for another client",
                _ => "its answer is not signed with one of its keys",
            });
        if (!read.TryGetPayloadValue<string>("nonce", out var said) || !Same(said, nonce))
            return Refused("its answer is to another question (nonce)");
        if (read.Audiences.Skip(1).Any() && (!read.TryGetPayloadValue<string>("azp", out var party) || party != provider.ClientId))
            return Refused("its answer is for another client");
        return read.Subject is { Length: >= 1 and <= 255 } subject ? Person(read, subject, provider.GroupsClaim) : Refused("it does not say who you are (sub)");
    }

    private async Task<Outcome<string>> RedeemAsync(
        ProviderRow provider, OpenIdConnectConfiguration described, string code, string redirectUri, string verifier, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(described.TokenEndpoint, UriKind.Absolute, out var endpoint) || !ProviderHttp.IsAllowed(endpoint))
            return Refused("it names no token endpoint that is served by TLS");
        var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["code"] = code, ["redirect_uri"] = redirectUri, ["code_verifier"] = verifier };
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint);
        var secret = provider.ClientSecret is { } kept ? Encoding.UTF8.GetString(box.Open(SecretPurpose, kept)) : null;
        var methods = described.TokenEndpointAuthMethodsSupported;
        if (secret is not null && (methods.Count == 0 || methods.Contains("client_secret_basic")))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(provider.ClientId)}:{Uri.EscapeDataString(secret)}")));
        }
        else
        {
            form["client_id"] = provider.ClientId;
            if (secret is not null)
                form["client_secret"] = secret;
        }
        request.Content = new FormUrlEncodedContent(form);
        using var answer = await http.Client.SendAsync(request, cancellationToken);
        if ((int)answer.StatusCode >= 500)
            throw new HttpRequestException($"The token endpoint answers {(int)answer.StatusCode}.");
        try
        {
            using var body = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
            return answer.IsSuccessStatusCode && body.RootElement.TryGetProperty("id_token", out var token) && token.GetString() is { } text
                ? text
                : Refused(body.RootElement.TryGetProperty("error", out var error) && error.GetString() is { Length: <= 64 } why ? $"it says '{why}'" : "it gave no ID token");
        }
        catch (JsonException)
        {
            return Refused("its answer is no JSON");
        }
    }

    private Task<TokenValidationResult> CheckAsync(ProviderRow provider, OpenIdConnectConfiguration described, string token) => Reader.ValidateTokenAsync(token, new TokenValidationParameters
    {
        ValidIssuer = described.Issuer, ValidAudience = provider.ClientId, IssuerSigningKeys = described.SigningKeys, ValidAlgorithms = Algorithms,
        RequireSignedTokens = true, RequireExpirationTime = true, TryAllIssuerSigningKeys = false,
        // Reckoned from now: a token that names no begin or end may come with the least or greatest date there is.
        LifetimeValidator = (from, until, _, _) => until is { } end && end > Now - options.ProviderClockSkew && (from is not { } begin || begin <= Now + options.ProviderClockSkew),
    });

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    private static ProvenPerson Person(JsonWebToken token, string subject, string groupsClaim)
    {
        var isVerified = token.Claims.Any(c => c is { Type: "email_verified", Value: "true" or "True" });
        var email = isVerified ? Email.Normal(token.Claims.FirstOrDefault(c => c.Type == "email")?.Value) : null;
        var name = token.Claims.FirstOrDefault(c => c.Type == "name")?.Value.Trim();
        return new ProvenPerson(
            subject, email, name is { Length: >= 1 and <= 200 } && !name.Any(char.IsControl) ? name : null,
            token.Claims.Where(c => c.Type == groupsClaim).Select(c => c.Value).Take(MaxGroups).ToHashSet(StringComparer.Ordinal));
    }

    private static Problem Refused(string why) => new(ProblemKind.Unauthenticated, $"The provider's answer is not accepted: {why}.");

    private static bool Same(string said, string expected) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(said), Encoding.UTF8.GetBytes(expected));
}
