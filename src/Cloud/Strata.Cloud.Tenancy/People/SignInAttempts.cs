using System.Net;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.People;

/// <summary>What became of tries to sign in: who has to wait, and the record of those that were refused. Wrong passwords and wrong codes count alike.</summary>
internal sealed class SignInAttempts(SignInGuard guard, PeopleStore people, TenantDirectory tenants)
{
    /// <summary>In place of an address: a code is tried by who knows the password already, so that its wrong ones count for the user wherever they come from.</summary>
    private const string Anywhere = "second factor";

    /// <summary>Why a password from here is not looked at just now; null when it is.</summary>
    public Problem? MustWait(string name, HttpContext context) => Waiting(guard.Wait(name, AddressOf(context)), context, "passwords");

    /// <summary>Why a code from here is not looked at just now; null when it is.</summary>
    public Problem? MustWaitForCode(string name, HttpContext context)
    {
        var (here, anywhere) = (guard.Wait(name, AddressOf(context)), guard.Wait(name, Anywhere));
        return Waiting(here > anywhere ? here : anywhere, context, "codes");
    }

    /// <summary>Signed in, with everything that was asked for.</summary>
    public void Succeeded(string name, HttpContext context)
    {
        guard.Succeeded(name, AddressOf(context));
        guard.Succeeded(name, Anywhere);
    }

    /// <summary>Notes a wrong password.</summary>
    /// <param name="user">Null when there is none of this name.</param>
    public Task FailedAsync(string name, UserRow? user, HttpContext context) => RecordAsync(guard.Failed(name, AddressOf(context)), user, "password", context);

    /// <summary>Notes a wrong code.</summary>
    public Task CodeFailedAsync(UserRow user, HttpContext context) =>
        RecordAsync(guard.Failed(user.Email, AddressOf(context)) | guard.Failed(user.Email, Anywhere), user, "code", context);

    /// <summary>A tenant of the user's, in whose audit trail what concerns the account is written; null when it is in none.</summary>
    public TenantId? TenantOf(UserRow user) =>
        people.Memberships.Where(m => m.UserId == user.Id).Select(m => (TenantId?)TenantId.Parse(m.TenantId)).FirstOrDefault(t => tenants.Exists(t!.Value));

    /// <summary>An IPv6 network of 64 bits counts as one address: whoever has one has all of it.</summary>
    public static string AddressOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6)
            return address.ToString();
        var bytes = address.GetAddressBytes();
        Array.Clear(bytes, 8, 8);
        return $"{new IPAddress(bytes)}/64";
    }

    private async Task RecordAsync(bool isWorthIt, UserRow? user, string what, HttpContext context)
    {
        if (!isWorthIt || user is null || TenantOf(user) is not { } tenant)
            return;
        await people.ChangeAsync<string>(
            SignIn.CallerOf(context, tenant, user.Email),
            _ => new PeopleChange<string>("", [], new PeopleAudit("sign-in", "session", user.Email, null, new { wrong = what }) { Result = Platform.Audit.AuditRow.Refused }), context.RequestAborted);
    }

    private static Problem? Waiting(TimeSpan wait, HttpContext context, string what)
    {
        if (wait <= TimeSpan.Zero)
            return null;
        context.Response.Headers.RetryAfter = $"{Math.Ceiling(wait.TotalSeconds):0}";
        return new Problem(ProblemKind.TooMuch, $"Too many wrong {what}; try again in {Math.Ceiling(wait.TotalSeconds):0} s.", what[..^1]);
    }
}
