using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Strata.Node.Auth;

/// <summary>Registers who may call the HTTP API and how they prove it.</summary>
public static class StrataAuthentication
{
    public const string CookieName = "strata";

    /// <summary>How long an idle session of the dashboard lasts.</summary>
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(12);

    /// <summary>
    /// Adds Bearer (tokens), Basic (devices, gateways), certificates of devices, the session cookie and what <see cref="AccessDeclarations"/> ask. Needs an
    /// <see cref="ITokenStore"/>, the directories and the rejection log. The keys of sessions are kept in the data folder, so that a restart signs
    /// nobody out.
    /// </summary>
    public static IServiceCollection AddStrataAuthentication(this IServiceCollection services, string dataFolder)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new PublicAddress(null));
        services.TryAddSingleton<OneTimeLinks>();
        services.TryAddSingleton<SessionTokens>();
        services.AddDataProtection().SetApplicationName("strata").PersistKeysToFileSystem(KeyFolder(dataFolder));
        services.AddAuthentication(StrataIdentity.AnyScheme)
            .AddPolicyScheme(StrataIdentity.AnyScheme, null, options => options.ForwardDefaultSelector = Choose)
            .AddScheme<AuthenticationSchemeOptions, BearerHandler>(StrataIdentity.BearerScheme, null)
            .AddScheme<AuthenticationSchemeOptions, BasicHandler>(StrataIdentity.BasicScheme, null)
            .AddScheme<AuthenticationSchemeOptions, CertificateHandler>(StrataIdentity.CertificateScheme, null)
            .AddCookie(StrataIdentity.CookieScheme, options =>
            {
                options.Cookie.Name = CookieName;
                options.Cookie.HttpOnly = true;
                options.Cookie.SameSite = SameSiteMode.Strict;
                options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                options.ExpireTimeSpan = SessionLifetime;
                options.SlidingExpiration = true;
                options.Events.OnRedirectToLogin = context => AuthenticationProblems.Unauthenticated.ExecuteAsync(context.HttpContext);
                options.Events.OnRedirectToAccessDenied = context => AuthenticationProblems.Forbidden.ExecuteAsync(context.HttpContext);
            });
        services.AddAuthorization();
        services.AddSingleton<IAuthorizationHandler, PermissionHandler>();
        return services;
    }

    private static string Choose(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return StrataIdentity.BasicScheme;
        if (header.Length == 0 && context.Connection.ClientCertificate is not null)
            return StrataIdentity.CertificateScheme;
        return header.Length > 0 || !context.Request.Cookies.ContainsKey(CookieName) ? StrataIdentity.BearerScheme : StrataIdentity.CookieScheme;
    }

    private static DirectoryInfo KeyFolder(string dataFolder)
    {
        var path = Path.Combine(dataFolder, "keys");
        return OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(path)
            : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
