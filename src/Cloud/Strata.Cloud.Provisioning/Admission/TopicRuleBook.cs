using System.Collections.Concurrent;
using System.Text.Json;
using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Cloud.Provisioning.Admission;

/// <summary>The topic rules of devices that have some, in memory; asked when a device connects.</summary>
internal sealed class TopicRuleBook : ITopicRules
{
    private readonly ConcurrentDictionary<(TenantId, DeviceId), TopicRules> rules = new();

    public TopicRules? Find(TenantId tenant, DeviceId device) => rules.GetValueOrDefault((tenant, device));

    public void Set(TenantId tenant, DeviceId device, TopicRules? to)
    {
        if (to is null)
            rules.TryRemove((tenant, device), out _);
        else
            rules[(tenant, device)] = to;
    }

    /// <summary>As a row keeps them; null for none.</summary>
    public static string? Write(TopicRules? rules) => rules is null ? null : JsonSerializer.Serialize(new[] { rules.Publish.ToArray(), rules.Subscribe.ToArray() });

    public static TopicRules Read(string text) => JsonSerializer.Deserialize<string[][]>(text) is [var publish, var subscribe] ? new TopicRules([.. publish], [.. subscribe]) : throw new InvalidDataException("Topic rules in the registry cannot be read.");

    public void Forget(TenantId tenant)
    {
        foreach (var key in rules.Keys.Where(k => k.Item1 == tenant))
            rules.TryRemove(key, out _);
    }
}
