using System.Net.Http.Headers;
using System.Text;

namespace Strata.Fog.Configuration;

/// <summary>Who the gateway is towards its parent; kept in a 0600 file from the day it joined.</summary>
internal sealed record GatewayIdentity(string Id, string Secret, string Site)
{
    public AuthenticationHeaderValue Authorization => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Id}:{Secret}")));

    public override string ToString() => Id;
}
