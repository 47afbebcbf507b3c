using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Decommissioning;

/// <summary>Where readings of devices that are gone lie: <c>archives/TENANT/ID.parquet</c> in the data folder, ID that of the decommissioning; readable by the owner only.</summary>
internal sealed class DeviceArchives(string dataFolder)
{
    private string Folder => Path.Combine(dataFolder, "archives");

    public string PathOf(TenantId tenant, string decommissioning) => Path.Combine(Folder, tenant.Value, decommissioning + ".parquet");

    /// <summary>Removes all of a tenant that is gone.</summary>
    public void Remove(TenantId tenant)
    {
        var folder = Path.Combine(Folder, tenant.Value);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
