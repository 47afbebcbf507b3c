namespace Strata.Cloud.Contracts;

/// <summary>A template: what becomes of devices that arrive and look like this.</summary>
/// <param name="Order">The lowest that matches decides; two that match with the same order are an error.</param>
/// <param name="Approval">Whether a person says yes to each device.</param>
/// <param name="Reprovision">What becomes of a device that enrols again: <c>keep</c>, <c>migrate</c>, <c>reset</c> or <c>never</c>.</param>
/// <param name="Hook">The address that is asked before a device is registered; null for none.</param>
public sealed record TemplateInfo(
    string Name, int Order, TemplateConditions Match, TemplateAssignments Assign, bool Approval, string Reprovision, string? Hook = null, TimeSpan? HookTimeout = null, DateTimeOffset? Changed = null);

/// <summary>Conditions of a template, all of which must hold; null holds for every device.</summary>
/// <param name="Sku">Patterns (<c>*</c>, <c>?</c>) of which one must match.</param>
/// <param name="Issuer">An authority's key id or name, or <c>own</c>.</param>
/// <param name="Subject">Patterns by the field of the certificate's subject.</param>
public sealed record TemplateConditions(
    IReadOnlyList<string>? Sku = null, string? SerialFrom = null, string? SerialTo = null, string? Issuer = null, IReadOnlyDictionary<string, string>? Subject = null, string? Gateway = null, string? Enrolment = null);

/// <summary>What a template gives; texts may hold placeholders (<c>{sku}-{serial}</c>).</summary>
/// <param name="Publish">Topic filters below the device's own topics; null for no rules.</param>
public sealed record TemplateAssignments(
    string Name, string? Site = null, string? Model = null, TimeSpan? Heartbeat = null, IReadOnlyDictionary<string, double>? Deadband = null, IReadOnlyList<string>? Gateways = null,
    IReadOnlyList<string>? Groups = null, IReadOnlyDictionary<string, string>? Tags = null, string? PowerProfile = null, IReadOnlyList<string>? Publish = null,
    IReadOnlyList<string>? Subscribe = null);

/// <summary>What a device would be, or was, registered with.</summary>
public sealed record AssignedDeviceInfo(
    string Id, string? Site, string? Model, TimeSpan? Heartbeat = null, IReadOnlyDictionary<string, double>? Deadband = null, IReadOnlyList<string>? Gateways = null, IReadOnlyList<string>? Groups = null,
    IReadOnlyDictionary<string, string>? Tags = null, string? PowerProfile = null, IReadOnlyList<string>? Publish = null, IReadOnlyList<string>? Subscribe = null);

/// <summary>What applying a file of templates does.</summary>
/// <param name="Action"><c>+</c>, <c>~</c> or <c>-</c>.</param>
public sealed record TemplateChange(string Action, string Name);

/// <summary>What applying a file of templates did, or would do.</summary>
public sealed record AppliedTemplates(bool DryRun, IReadOnlyList<TemplateChange> Changes);

/// <summary>A question: which template would this device have?</summary>
/// <param name="Templates">A file of templates (YAML); null for those that are registered.</param>
/// <param name="File">Its name, for messages.</param>
/// <param name="Certificate">PEM; null for a device without one.</param>
/// <param name="Sku">Null for what the certificate says.</param>
public sealed record TestTemplates(
    string? Templates = null, string? File = null, string? Certificate = null, string? Sku = null, string? Serial = null, string? Gateway = null, string? Enrolment = null, string? Registration = null);

/// <summary>Which template a device would have, why not the others, and what would come out.</summary>
/// <param name="Device">What is known of the device.</param>
/// <param name="Chosen">Null when none decides; <paramref name="Problem"/> says why.</param>
/// <param name="Result">What it would be registered with.</param>
public sealed record TemplateTest(TestedDevice Device, IReadOnlyList<TestedTemplate> Templates, string? Chosen, string? Problem, AssignedDeviceInfo? Result);

/// <summary>What is known of a device that is tested.</summary>
/// <param name="Issuer">The authority that signed its certificate, when it is registered here.</param>
public sealed record TestedDevice(string? Sku, string? Serial, string? Issuer, string? IssuerName, IReadOnlyDictionary<string, string> Subject, string? Gateway, string? Enrolment, string? Registration);

/// <summary>What one template has to say.</summary>
/// <param name="WhyNot">The first condition that does not hold; null when all do.</param>
public sealed record TestedTemplate(string Name, int Order, bool Matches, string? WhyNot);
