using System.Collections.Concurrent;
using System.Text.Json;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Platform.Schemas;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Schemas;

/// <summary>The tenants' schemas of payloads, in memory. Safe from any thread.</summary>
internal sealed class SchemaBook
{
    /// <summary>The model of a schema that holds for devices of all models that have none of their own.</summary>
    public const string AnyModel = "*";

    private readonly ConcurrentDictionary<(TenantId Tenant, string Id), (CommandSchemaRow Row, PayloadSchema Schema)> schemas = new();

    public static string IdOf(string model, string name) => $"{model}/{name}";

    public IReadOnlyList<CommandSchemaRow> Of(TenantId tenant) => [.. schemas.Where(s => s.Key.Tenant == tenant).Select(s => s.Value.Row).OrderBy(s => s.Id, StringComparer.Ordinal)];

    public void Put(TenantId tenant, CommandSchemaRow row)
    {
        if (PayloadSchema.Parse(row.Schema) is { IsOk: true } schema)
            schemas[(tenant, row.Id)] = (row, schema.Value);
    }

    public void Remove(TenantId tenant, string id) => schemas.TryRemove((tenant, id), out _);

    public void Forget(TenantId tenant)
    {
        foreach (var key in schemas.Keys.Where(k => k.Tenant == tenant))
            schemas.TryRemove(key, out _);
    }

    /// <summary>What is wrong with a payload for a device of the model; null when nothing is, or there is no schema.</summary>
    public Problem? Check(TenantId tenant, string? model, string command, byte[] payload)
    {
        if ((model is null || !schemas.TryGetValue((tenant, IdOf(model, command)), out var known)) && !schemas.TryGetValue((tenant, IdOf(AnyModel, command)), out known))
            return null;
        return known.Schema.Check(JsonElement.Parse(payload), "payload");
    }
}
