using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>Seals protected fields while they are written; the rows themselves stay as they were for whoever holds them.</summary>
internal sealed class FieldProtection(KeyRing keys) : SaveChangesInterceptor
{
    private readonly ConditionalWeakTable<DbContext, List<(PropertyEntry Property, object Plain)>> sealedNow = [];

    public KeyRing Keys => keys;

    public override ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        var context = (StrataDbContext)eventData.Context!;
        if (keys.Active(context.Tenant) is not { } key)
            return ValueTask.FromResult(result);
        var plain = new List<(PropertyEntry, object)>();
        foreach (var entry in context.ChangeTracker.Entries().Where(e => e.State is EntityState.Added or EntityState.Modified).ToList())
        {
            foreach (var column in ProtectedColumn.Of(entry.Metadata))
            {
                var property = entry.Property(column.Property);
                if (property.CurrentValue is not { } value)
                    continue;
                plain.Add((property, value));
                property.CurrentValue = Seal(key, context.Tenant, column, ProtectedColumn.Row(entry.Property(column.Key).CurrentValue), value);
            }
        }
        if (plain.Count > 0)
            sealedNow.AddOrUpdate(context, plain);
        return ValueTask.FromResult(result);
    }

    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        Restore(eventData.Context!);
        return ValueTask.FromResult(result);
    }

    public override Task SaveChangesFailedAsync(DbContextErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Restore(eventData.Context!);
        return Task.CompletedTask;
    }

    public override Task SaveChangesCanceledAsync(DbContextEventData eventData, CancellationToken cancellationToken = default)
    {
        Restore(eventData.Context!);
        return Task.CompletedTask;
    }

    public static object Seal(DataKey key, TenantId tenant, ProtectedColumn column, string row, object value)
    {
        var place = SealedField.Place(tenant, column.Table, column.Column, row);
        Span<byte> nonce = stackalloc byte[SealedField.NonceLength];
        RandomNumberGenerator.Fill(nonce);
        return value is string text ? SealedField.SealText(key.Bytes, key.Id, nonce, place, text) : SealedField.Seal(key.Bytes, key.Id, nonce, place, (byte[])value);
    }

    /// <summary>The plain value; the value itself when it is not sealed.</summary>
    /// <exception cref="CryptographicException">Its key is not there any more, or it stands where it was not put.</exception>
    public static object Open(KeyRing keys, TenantId tenant, ProtectedColumn column, string row, object value)
    {
        if ((value is string t ? SealedField.KeyOf(t) : SealedField.KeyOf((byte[])value)) is not { } id)
            return value;
        var key = keys.Find(tenant, id) ?? throw new CryptographicException($"A field of {column.Table} is sealed with the key {id}, which is not there: it was shredded, or the installation's key is another.");
        var place = SealedField.Place(tenant, column.Table, column.Column, row);
        return value is string text ? SealedField.OpenText(key.Bytes, place, text) : SealedField.Open(key.Bytes, place, (byte[])value);
    }

    private void Restore(DbContext context)
    {
        if (!sealedNow.TryGetValue(context, out var plain))
            return;
        sealedNow.Remove(context);
        foreach (var (property, value) in plain)
            property.CurrentValue = value;
    }
}

/// <summary>Opens protected fields of rows that are read. One for all contexts: EF Core keeps a service provider for each.</summary>
internal sealed class FieldOpening : IMaterializationInterceptor
{
    public static readonly FieldOpening Instance = new();

    public object InitializedInstance(MaterializationInterceptionData materializationData, object entity)
    {
        if (materializationData.Context is not StrataDbContext { Protection: { } protection } context)
            return entity;
        foreach (var column in ProtectedColumn.Of(materializationData.EntityType))
        {
            if (column.Property.PropertyInfo!.GetValue(entity) is { } value)
                column.Property.PropertyInfo.SetValue(entity, FieldProtection.Open(protection.Keys, context.Tenant, column, ProtectedColumn.Row(column.Key.PropertyInfo!.GetValue(entity)), value));
        }
        return entity;
    }
}
