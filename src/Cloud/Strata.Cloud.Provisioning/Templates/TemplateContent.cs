using System.Collections.Immutable;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Provisioning.Rows;
using Strata.Core.Provisioning;

namespace Strata.Cloud.Provisioning.Templates;

/// <summary>A template as its row keeps it and as the API shows it. Both are the same document; what is in a row was checked when it was written.</summary>
internal static class TemplateContent
{
    public static TemplateInfo Info(DeviceTemplate template, DateTimeOffset? changed) => new(
        template.Name, template.Order,
        new TemplateConditions(
            Texts(template.Match.Sku.Select(s => s.Text)), template.Match.Serial?.From, template.Match.Serial?.To, template.Match.Issuer,
            template.Match.Subject.Count == 0 ? null : template.Match.Subject.ToDictionary(s => s.Key, s => s.Value.Text), template.Match.Gateway, template.Match.Enrolment),
        Assignment(template.Assign), template.NeedsApproval, Reprovisioning.NameOf(template.Reprovision), template.Hook?.Url.AbsoluteUri, template.Hook?.Timeout, changed);

    public static TemplateRow Row(string tenant, DeviceTemplate template, DateTimeOffset now) => new()
    {
        TenantId = tenant, Name = template.Name, Content = JsonSerializer.Serialize(Info(template, null), ContractsJson.Default.TemplateInfo), Changed = now,
    };

    public static DeviceTemplate Read(TemplateRow row)
    {
        var info = JsonSerializer.Deserialize(row.Content, ContractsJson.Default.TemplateInfo) ?? throw new InvalidDataException($"The template {row.Name} in the registry is empty.");
        var (match, assign) = (info.Match, info.Assign);
        return new DeviceTemplate(
            info.Name, info.Order,
            new TemplateMatch
            {
                Sku = [.. (match.Sku ?? []).Select(s => new TextPattern(s))], Serial = match.SerialFrom is null ? null : SerialRange.Parse(match.SerialFrom, match.SerialTo!), Issuer = match.Issuer,
                Subject = (match.Subject ?? new Dictionary<string, string>()).ToImmutableSortedDictionary(s => s.Key, s => new TextPattern(s.Value), StringComparer.OrdinalIgnoreCase),
                Gateway = match.Gateway, Enrolment = match.Enrolment,
            },
            new TemplateAssignment
            {
                Name = assign.Name, Site = assign.Site, Model = assign.Model, Heartbeat = assign.Heartbeat, Deadband = Sorted(assign.Deadband), Gateways = [.. assign.Gateways ?? []],
                Groups = [.. assign.Groups ?? []], Tags = Sorted(assign.Tags), PowerProfile = assign.PowerProfile, Topics = assign.Publish is null ? null : new TopicRules([.. assign.Publish], [.. assign.Subscribe ?? []]),
            })
        {
            NeedsApproval = info.Approval, Hook = info.Hook is null ? null : new AllocationHook(new Uri(info.Hook), info.HookTimeout ?? AllocationHook.DefaultTimeout),
            Reprovision = Reprovisioning.TryParse(info.Reprovision, out var policy) ? policy : ReprovisionPolicy.Never,
        };
    }

    private static TemplateAssignments Assignment(TemplateAssignment assign) => new(
        assign.Name, assign.Site, assign.Model, assign.Heartbeat, assign.Deadband.Count == 0 ? null : assign.Deadband, Texts(assign.Gateways), Texts(assign.Groups),
        assign.Tags.Count == 0 ? null : assign.Tags, assign.PowerProfile, assign.Topics?.Publish.ToArray(), assign.Topics?.Subscribe.ToArray());

    /// <summary>What a device would be registered with.</summary>
    public static AssignedDeviceInfo Info(AssignedDevice device) => new(
        device.Id.Value, device.Site, device.Model, device.Heartbeat, device.Deadband.Count == 0 ? null : device.Deadband, Texts(device.Gateways), Texts(device.Groups),
        device.Tags.Count == 0 ? null : device.Tags, device.PowerProfile, device.Topics?.Publish.ToArray(), device.Topics?.Subscribe.ToArray());

    private static string[]? Texts(IEnumerable<string> texts) => texts.ToArray() is { Length: > 0 } some ? some : null;

    private static ImmutableSortedDictionary<string, T> Sorted<T>(IReadOnlyDictionary<string, T>? map) =>
        ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, map ?? new Dictionary<string, T>());
}
