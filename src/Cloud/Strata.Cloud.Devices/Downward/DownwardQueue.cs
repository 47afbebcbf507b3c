using System.Collections.Concurrent;
using System.Collections.Immutable;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Link;

namespace Strata.Cloud.Devices.Downward;

/// <summary>
/// Messages for devices that are heard through a gateway: in the registry's database until that gateway, and no other, has them on its disk; sent again until then, at least once. Bounded for each gateway. In memory as
/// loaded; changed one after the other. Safe from any thread.
/// </summary>
internal sealed class DownwardQueue(RegistryStore registry, DevicesOptions options, TimeProvider time) : IDownward, IDisposable
{
    /// <summary>Bytes of a payload at most.</summary>
    public const int MaxPayload = 64 << 10;

    private readonly ConcurrentDictionary<TenantId, ImmutableSortedDictionary<string, DownwardRow>> waiting = new();
    private readonly ConcurrentDictionary<(TenantId Tenant, string Id), (GatewayId Gateway, DateTimeOffset Expires)> taken = new();
    private readonly SemaphoreSlim turn = new(1, 1);

    /// <inheritdoc />
    public event Action<TenantId, GatewayId>? Added;

    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = registry.CreateContext(tenant);
        var rows = await context.ReadAllAsync<DownwardRow>(cancellationToken);
        waiting[tenant] = rows.ToImmutableSortedDictionary(r => r.Id, r => r, StringComparer.Ordinal);
    }

    public void Forget(TenantId tenant) => waiting.TryRemove(tenant, out _);

    /// <summary>How many messages wait for a device.</summary>
    public int CountOf(TenantId tenant, DeviceId device) => Of(tenant).Values.Count(r => r.Device == device.Value && r.Expires > time.GetUtcNow());

    public IReadOnlyList<DownwardMessage> WaitingFor(TenantId tenant, GatewayId gateway)
    {
        var now = time.GetUtcNow();
        return [.. Of(tenant).Values.Where(r => r.Gateway == gateway.Value && r.Expires > now).OrderBy(r => r.Created)
            .Select(r => new DownwardMessage(r.Id, r.Device, r.Topic, Convert.ToBase64String(r.Payload), r.Expires.ToUnixTimeMilliseconds()))];
    }

    /// <summary>Keeps a message for the gateway through which its device is heard. One that is kept under the id stays, and goes to another gateway where the device is heard through that now; one that the gateway has is not kept again.</summary>
    /// <param name="id">Of the tenant.</param>
    public async Task<Outcome<bool>> PutAsync(TenantId tenant, string id, GatewayId gateway, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        if (payload.Length > MaxPayload)
            return new Problem(ProblemKind.TooMuch, $"A message for a device has at most {MaxPayload} bytes.", "payload");
        if (taken.TryGetValue((tenant, id), out var has) && has.Gateway == gateway)
            return true;
        await turn.WaitAsync(cancellationToken);
        try
        {
            await DropExpiredAsync(tenant, cancellationToken);
            var rows = Of(tenant);
            var before = rows.GetValueOrDefault(id);
            if (before?.Gateway == gateway.Value)
                return true;
            if (rows.Values.Count(r => r.Gateway == gateway.Value) >= options.MaxDownward)
                return new Problem(ProblemKind.TooMuch, $"{options.MaxDownward} messages wait for gateway '{gateway}' already; they go when it is here, or expire.", "gateway");
            var row = new DownwardRow
            {
                TenantId = tenant.Value, Id = id, Gateway = gateway.Value, Device = device.Value, Topic = topic, Payload = payload, Created = time.GetUtcNow(), Expires = expires,
            };
            await registry.WriteAsync(tenant, async context =>
            {
                if (before is null)
                    context.Add(row);
                else
                    context.Update(row);
                await context.SaveChangesAsync(cancellationToken);
            }, cancellationToken);
            waiting[tenant] = rows.SetItem(id, row);
        }
        finally
        {
            turn.Release();
        }
        Added?.Invoke(tenant, gateway);
        return true;
    }

    public Task TakenAsync(GatewayEntry gateway, string id, CancellationToken cancellationToken)
    {
        // Whoever asks again for the same must not make it come again.
        if (Of(gateway.Tenant).TryGetValue(id, out var row) && row.Gateway == gateway.Gateway.Value)
            taken[(gateway.Tenant, id)] = (gateway.Gateway, row.Expires);
        return RemoveAsync(gateway.Tenant, r => r.Id == id && r.Gateway == gateway.Gateway.Value, cancellationToken);
    }

    /// <summary>Whoever asked for it wants it no more.</summary>
    public Task RemoveAsync(TenantId tenant, string id, CancellationToken cancellationToken) => RemoveAsync(tenant, r => r.Id == id, cancellationToken);

    public void Dispose() => turn.Dispose();

    private async Task RemoveAsync(TenantId tenant, Func<DownwardRow, bool> which, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            await RemoveLockedAsync(tenant, which, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    private Task DropExpiredAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var old in taken.Where(t => t.Value.Expires <= now).ToList())
            taken.TryRemove(old);
        return RemoveLockedAsync(tenant, r => r.Expires <= now, cancellationToken);
    }

    private async Task RemoveLockedAsync(TenantId tenant, Func<DownwardRow, bool> which, CancellationToken cancellationToken)
    {
        var gone = Of(tenant).Values.Where(which).ToList();
        if (gone.Count == 0)
            return;
        await registry.WriteAsync(tenant, async context =>
        {
            context.RemoveRange(gone);
            await context.SaveChangesAsync(cancellationToken);
        }, cancellationToken);
        waiting[tenant] = Of(tenant).RemoveRange(gone.Select(g => g.Id));
    }

    private ImmutableSortedDictionary<string, DownwardRow> Of(TenantId tenant) => waiting.GetValueOrDefault(tenant) ?? ImmutableSortedDictionary.Create<string, DownwardRow>(StringComparer.Ordinal);
}
