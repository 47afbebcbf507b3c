using System.Net;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Options;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>The typed client of the node that serves these pages, asking on behalf of who reads them. One per circuit or page.</summary>
internal sealed class NodeApi(IHttpClientFactory clients, AuthenticationStateProvider readers, NavigationManager navigation, IOptions<DashboardOptions> options)
{
    public const string HttpName = "strata-dashboard";

    private static readonly DashboardReader Nobody = new("", null);

    private Task? opening;

    /// <summary>After <see cref="OpenAsync"/>.</summary>
    public StrataClient Client { get; private set; } = null!;

    /// <summary>By which pages of one reader share what they watch; of nobody when the session has ended.</summary>
    public DashboardReader Reader { get; private set; } = Nobody;

    /// <summary>Who reads and what he may do; null while the node cannot be asked. What the API answers decides; this says what is worth showing.</summary>
    public MeInfo? Me { get; private set; }

    /// <summary>Finds out who reads.</summary>
    public Task OpenAsync() => opening ??= OpenOnceAsync();

    /// <summary>Takes what the page knew before it was connected, in place of asking again.</summary>
    public void Know(MeInfo? me) => Me ??= me;

    /// <summary>Whether the reader may do this somewhere in the tenant.</summary>
    public bool May(string permission) => Me?.Permissions.Contains(permission) == true;

    /// <summary>Whether he may do it everywhere in the tenant.</summary>
    public bool MayEverywhere(string permission) => Me?.Everywhere.Contains(permission) == true;

    /// <summary>The client of a platform owner for another tenant.</summary>
    public StrataClient For(string tenant) => Open(clients, options.Value, Reader with { Tenant = tenant });

    /// <summary>Loads the page anew when the session has ended or has moved to another tenant: then it is one to sign in on, or of that tenant.</summary>
    public bool LeaveWhenEnded(Exception failure, bool isConnected)
    {
        if (!isConnected || failure is not StrataApiException { StatusCode: HttpStatusCode.Unauthorized })
            return false;
        navigation.NavigateTo(navigation.Uri, forceLoad: true);
        return true;
    }

    public static StrataClient Open(IHttpClientFactory clients, DashboardOptions options, DashboardReader reader)
    {
        var http = clients.CreateClient(HttpName);
        http.BaseAddress = options.BaseAddress();
        return new StrataClient(http, reader.Token, reader.Tenant);
    }

    private async Task OpenOnceAsync()
    {
        var reader = (await readers.GetAuthenticationStateAsync()).User;
        Reader = options.Value.Reader(reader) ?? Nobody;
        Client = Open(clients, options.Value, Reader);
        if (Me is not null)
            return;
        try
        {
            Me = await Client.GetMeAsync();
        }
        catch (Exception e) when (e is HttpRequestException or StrataApiException)
        {
            Me = null; // Each page says for itself that the node cannot be asked.
        }
    }
}
