using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows.Store;

/// <summary>Which shadow.</summary>
/// <param name="Name">Empty for the one without a name.</param>
internal readonly record struct ShadowKey(TenantId Tenant, DeviceId Device, string Name)
{
    /// <summary>The row's id; a device's id has no slash.</summary>
    public string Id => Name.Length == 0 ? Device.Value : $"{Device.Value}/{Name}";

    public static string NameOf(string id) => id.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? id[(slash + 1)..] : "";

    /// <summary>The row of a change.</summary>
    /// <param name="place">By <see cref="ShadowHistory.PlaceOf"/>.</param>
    public static string ChangeId(string id, long place) => $"{id}@{place}";
}
