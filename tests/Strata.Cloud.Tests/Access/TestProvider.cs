using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Strata.Cloud.Tests.Access;

/// <summary>A real OpenID Connect provider (OpenIddict) in this process. Who signs in, and how its answers are wrong, is set before each sign-in; it asks nobody for a password.</summary>
internal sealed class TestProvider : IAsyncDisposable
{
    public const string ClientId = "strata";
    public const string ClientSecret = "the client's secret";

    private readonly WebApplication app;

    private TestProvider(WebApplication app) => this.app = app;

    public string Issuer => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/";

    public string Subject { get; set; } = "s-1";

    public string Email { get; set; } = "someone@example.com";

    public bool EmailVerified { get; set; } = true;

    public IReadOnlyList<string> Groups { get; set; } = ["staff"];

    /// <summary>Changes the ID token before it is signed.</summary>
    public Action<ClaimsPrincipal>? Tamper { get; set; }

    /// <summary>Changes the nonce that was asked for.</summary>
    public bool WrongNonce { get; set; }

    public bool PkceSeen { get; private set; }

    /// <summary>A key to sign with.</summary>
    public static ECDsaSecurityKey NewKey() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = Guid.NewGuid().ToString("N") };

    /// <summary>Signs by another key from now on, and shows it in place of the one before.</summary>
    public void Sign(ECDsaSecurityKey key)
    {
        var options = app.Services.GetRequiredService<Microsoft.Extensions.Options.IOptionsMonitor<OpenIddictServerOptions>>().CurrentValue;
        options.SigningCredentials.Clear();
        options.SigningCredentials.Add(new SigningCredentials(key, SecurityAlgorithms.EcdsaSha256));
    }

    /// <summary>Signs by a key that is not among those that it shows.</summary>
    public ECDsaSecurityKey? SecretKey { get; set; }

    /// <param name="saysIssuer">What it calls itself; null for its address.</param>
    public static async Task<TestProvider> StartAsync(int port = 0, Uri? saysIssuer = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port));
        TestProvider? provider = null;
        builder.Services.AddOpenIddict().AddServer(server =>
        {
            server.RegisterScopes(Scopes.Email, Scopes.Profile);
            server.EnableDegradedMode().AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange();
            server.SetAuthorizationEndpointUris("connect/authorize").SetTokenEndpointUris("connect/token");
            // Made in no time; RSA keys take seconds on a busy machine.
            server.AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32))).AddEphemeralSigningKey(SecurityAlgorithms.EcdsaSha256);
            if (saysIssuer is not null)
                server.SetIssuer(saysIssuer);
            server.AddEventHandler<GenerateTokenContext>(h => h.UseInlineHandler(context =>
            {
                if (provider!.SecretKey is { } secret && context.TokenType == TokenTypeIdentifiers.IdentityToken)
                    context.SigningCredentials = new SigningCredentials(secret, SecurityAlgorithms.EcdsaSha256);
                return default;
            }).SetOrder(OpenIddictServerHandlers.Protection.AttachSecurityCredentials.Descriptor.Order + 1));
            server.UseAspNetCore().DisableTransportSecurityRequirement();
            server.AddEventHandler<ValidateAuthorizationRequestContext>(h => h.UseInlineHandler(context =>
            {
                if (context.ClientId != ClientId)
                    context.Reject(Errors.InvalidClient);
                provider!.PkceSeen = context.Request.CodeChallengeMethod == CodeChallengeMethods.Sha256 && context.Request.CodeChallenge is { Length: 43 };
                return default;
            }));
            server.AddEventHandler<ValidateTokenRequestContext>(h => h.UseInlineHandler(context =>
            {
                if (context.ClientId != ClientId || context.ClientSecret != ClientSecret)
                    context.Reject(Errors.InvalidClient);
                return default;
            }));
            server.AddEventHandler<HandleAuthorizationRequestContext>(h => h.UseInlineHandler(context =>
            {
                context.SignIn(provider!.Person());
                if (provider.WrongNonce)
                    context.Request.Nonce = "another";
                return default;
            }));
            server.AddEventHandler<ProcessSignInContext>(h => h.UseInlineHandler(context =>
            {
                if (context.IdentityTokenPrincipal is { } token)
                    provider!.Tamper?.Invoke(token);
                return default;
            }).SetOrder(OpenIddictServerHandlers.GenerateIdentityToken.Descriptor.Order - 1));
        });
        var app = builder.Build();
        app.UseAuthentication();
        provider = new TestProvider(app);
        await app.StartAsync();
        return provider;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private ClaimsPrincipal Person()
    {
        var identity = new ClaimsIdentity("test", Claims.Name, Claims.Role);
        identity.AddClaim(new Claim(Claims.Subject, Subject));
        identity.AddClaim(new Claim(Claims.Email, Email));
        identity.AddClaim(new Claim(Claims.EmailVerified, EmailVerified ? "true" : "false", ClaimValueTypes.Boolean));
        identity.AddClaim(new Claim(Claims.Name, Subject));
        foreach (var group in Groups)
            identity.AddClaim(new Claim("groups", group));
        foreach (var claim in identity.Claims)
            claim.SetDestinations(Destinations.IdentityToken);
        var person = new ClaimsPrincipal(identity);
        person.SetScopes(Scopes.OpenId, Scopes.Email, Scopes.Profile);
        return person;
    }
}
