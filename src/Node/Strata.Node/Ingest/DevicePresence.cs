using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Ingest;

/// <summary>Which devices are connected here and by which connections. Bounded by the broker's connections. Safe from any thread.</summary>
internal sealed class DevicePresence(int maxPerDevice)
{
    private readonly Lock gate = new();
    private readonly Dictionary<(TenantId, DeviceId), List<DeviceConnection>> connections = [];

    /// <summary>Devices that have at least one connection.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return connections.Count;
        }
    }

    public bool IsConnected(TenantId tenant, DeviceId device)
    {
        lock (gate)
            return connections.ContainsKey((tenant, device));
    }

    /// <summary>Whether the device may have one more connection.</summary>
    public bool HasRoom(DeviceEntry entry)
    {
        lock (gate)
            return !connections.TryGetValue((entry.Tenant, entry.Device), out var list) || list.Count < maxPerDevice;
    }

    /// <summary>True when it is the device's first.</summary>
    public bool Add(DeviceConnection connection)
    {
        var key = (connection.Entry.Tenant, connection.Entry.Device);
        lock (gate)
        {
            if (connections.TryGetValue(key, out var list))
            {
                list.Add(connection);
                return false;
            }
            connections[key] = [connection];
            return true;
        }
    }

    /// <summary>True when it was the device's last.</summary>
    public bool Remove(DeviceConnection connection)
    {
        var key = (connection.Entry.Tenant, connection.Entry.Device);
        lock (gate)
            return connections.TryGetValue(key, out var list) && list.Remove(connection) && list.Count == 0 && connections.Remove(key);
    }

    /// <summary>A copy of the device's connections.</summary>
    public IReadOnlyList<DeviceConnection> Of(TenantId tenant, DeviceId device)
    {
        lock (gate)
            return connections.TryGetValue((tenant, device), out var list) ? [.. list] : [];
    }

    /// <summary>A copy of the tenant's connections by secrets.</summary>
    public IReadOnlyList<DeviceConnection> BySecret(TenantId tenant)
    {
        lock (gate)
            return [.. connections.Where(c => c.Key.Item1 == tenant).SelectMany(c => c.Value).Where(c => c.Certificate is null)];
    }

    /// <summary>A copy of the tenant's connections by a certificate; with a null serial, by any of its issuer.</summary>
    public IReadOnlyList<DeviceConnection> By(TenantId tenant, string issuer, string? serial)
    {
        lock (gate)
            return [.. connections.Where(c => c.Key.Item1 == tenant).SelectMany(c => c.Value).Where(c => c.Certificate is { } by && by.Issuer == issuer && (serial is null || by.Serial == serial))];
    }
}
