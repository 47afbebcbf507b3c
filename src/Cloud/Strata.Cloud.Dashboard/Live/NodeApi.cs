using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Options;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>The typed client of the node that serves these pages, asking on behalf of who reads them. One per circuit or page.</summary>
internal sealed class NodeApi(IHttpClientFactory clients, AuthenticationStateProvider readers, IOptions<DashboardOptions> options)
{
    public const string HttpName = "strata-dashboard";

    /// <summary>After <see cref="OpenAsync"/>.</summary>
    public StrataClient Client { get; private set; } = null!;

    /// <summary>By which pages of one reader share what they watch; empty when the session has ended.</summary>
    public string Token { get; private set; } = "";

    /// <summary>Finds out who reads.</summary>
    public async Task OpenAsync()
    {
        if (Client is not null)
            return;
        var reader = (await readers.GetAuthenticationStateAsync()).User;
        Token = options.Value.Token(reader) ?? "";
        Client = Open(clients, options.Value, Token);
    }

    public static StrataClient Open(IHttpClientFactory clients, DashboardOptions options, string token)
    {
        var http = clients.CreateClient(HttpName);
        http.BaseAddress = options.BaseAddress();
        return new StrataClient(http, token);
    }
}
