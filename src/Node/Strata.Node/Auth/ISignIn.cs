using Microsoft.AspNetCore.Http;
using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary>Where people's sessions are kept, and the page on which they sign in. A node without people (a gateway) has none.</summary>
public interface ISignIn
{
    /// <summary>Keeps a session for who came by a one-time link.</summary>
    /// <returns>The principal of the session; its id is the session's. Null when it could not be written.</returns>
    Task<Principal?> OpenAsync(Principal linked, HttpContext context);

    /// <summary>Ends the caller's own session.</summary>
    Task EndAsync(HttpContext context);

    /// <summary>The form for e-mail and password.</summary>
    IResult Page(HttpContext context);
}
