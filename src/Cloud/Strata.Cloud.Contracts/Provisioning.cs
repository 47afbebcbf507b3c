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

/// <summary>An enrolment group.</summary>
/// <param name="Method"><c>key</c>: a key derived from the group's; <c>tpm</c>: an endorsement key.</param>
/// <param name="Allow">Patterns of registration ids that are let in; empty for all.</param>
/// <param name="Deny">Patterns of those that are not, which come first.</param>
public sealed record EnrolmentGroupInfo(string Name, string Method, bool Enabled, IReadOnlyList<string> Allow, IReadOnlyList<string> Deny, DateTimeOffset Changed);

/// <summary>What an enrolment group is to be; null lists are empty ones.</summary>
public sealed record PutEnrolmentGroup(string? Method = null, bool? Enabled = null, IReadOnlyList<string>? Allow = null, IReadOnlyList<string>? Deny = null);

/// <summary>An enrolment group, with its key when that was just made.</summary>
/// <param name="Key">Base64 of 32 bytes; a device's own is HMAC-SHA256 of its registration id under it.</param>
public sealed record EnrolmentGroupSecret(EnrolmentGroupInfo Group, string? Key)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => Group.Name;
}

/// <summary>The key with which allocation hooks are signed.</summary>
/// <param name="Key">Base64 of 32 bytes.</param>
public sealed record HookKey(string Key)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => "hook key";
}

/// <summary>A device that waits for a person's yes, or has had it.</summary>
/// <param name="Device">What it would be called.</param>
/// <param name="Facts">What is known of it.</param>
/// <param name="State"><c>pending</c>, <c>approved</c> or <c>denied</c>.</param>
public sealed record ApprovalInfo(
    string Id, string Device, string? Site, string Template, string Facts, string State, DateTimeOffset Asked, DateTimeOffset? Decided = null, string? DecidedBy = null);

/// <param name="Decision"><c>approve</c> or <c>deny</c>.</param>
public sealed record DecideApproval(string Decision);

/// <summary>A device proves that it has its key of an enrolment group.</summary>
/// <param name="Time">Now, in seconds since 1970; within 15 minutes of the node's clock, and later than that of the proof before.</param>
/// <param name="Signature">Base64 of the HMAC-SHA256, under the device's key, of the lines <c>strata-enrol-1</c>, tenant, group, registration, time, SKU, serial number and the SHA-256 (lower-case hexadecimal) of the
/// certificate signing request (DER), joined by line feeds; empty where there is none.</param>
/// <param name="Tenant">Null for the installation's first.</param>
/// <param name="Csr">A certificate signing request (PKCS #10), PEM or base64; null for a secret in place of a certificate.</param>
public sealed record EnrolRequest(string Group, string Registration, long Time, string Signature, string? Tenant = null, string? Sku = null, string? Serial = null, string? Csr = null);

/// <summary>The endorsement key of a device's TPM.</summary>
/// <param name="Registration">What the device is called in its group.</param>
/// <param name="Key">SubjectPublicKeyInfo (RSA-2048 or ECC P-256), PEM or base64.</param>
public sealed record EndorsementKey(string Registration, string Key);

/// <param name="Items">At most 1,000.</param>
public sealed record AddEndorsementKeys(IReadOnlyList<EndorsementKey> Items);

/// <param name="KeyHash">SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.</param>
public sealed record EndorsementKeyInfo(string Registration, string KeyHash, DateTimeOffset Added);

/// <summary>A device with a TPM asks to be challenged.</summary>
/// <param name="EndorsementKey">SubjectPublicKeyInfo, PEM or base64.</param>
/// <param name="AttestationKey">A TPM2B_PUBLIC, base64: a restricted signing key of the same TPM.</param>
/// <param name="Tenant">Null for the installation's first.</param>
public sealed record AskTpmChallenge(string Group, string EndorsementKey, string AttestationKey, string? Tenant = null);

/// <summary>What only that TPM can open (TPM2_ActivateCredential).</summary>
/// <param name="Challenge">Names it; taken once.</param>
/// <param name="Credential">A TPM2B_ID_OBJECT, base64.</param>
/// <param name="Secret">A TPM2B_ENCRYPTED_SECRET, base64.</param>
public sealed record TpmChallenge(string Challenge, string Credential, string Secret, DateTimeOffset Until);

/// <summary>A device answers its challenge.</summary>
/// <param name="Answer">What it opened, base64.</param>
/// <param name="Signature">Base64 of the signature, by the attestation key with SHA-256 (RSA, or ECDSA in DER), of the lines <c>strata-tpm-1</c>, challenge, SKU, serial number and the SHA-256 (lower-case hexadecimal) of the
/// certificate signing request (DER), joined by line feeds; empty where there is none.</param>
/// <param name="Csr">A certificate signing request (PKCS #10), PEM or base64; null for a secret in place of a certificate.</param>
public sealed record AnswerTpmChallenge(string Challenge, string Answer, string Signature, string? Sku = null, string? Serial = null, string? Csr = null);

/// <summary>What a device got.</summary>
/// <param name="Status"><c>enrolled</c>, or <c>pending</c>: a person decides, ask again later.</param>
/// <param name="Secret">With which it signs in, shown once; null where it has a certificate.</param>
/// <param name="Certificate">PEM; null where it has a secret.</param>
/// <param name="Chain">PEM: those between it and the root, the root last.</param>
public sealed record EnrolledDevice(string Status, string? DeviceId, string? Secret, string? Certificate, string? Chain)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{Status} {DeviceId}";
}

/// <summary>What an allocation hook is asked.</summary>
/// <param name="Proposed">What the template makes of the device.</param>
public sealed record AllocationQuestion(string Tenant, string Template, TestedDevice Device, AssignedDeviceInfo Proposed);

/// <summary>What an allocation hook answers. Anything but <c>"allow": true</c> is a no.</summary>
/// <param name="Id">Another id; null for the proposed one.</param>
/// <param name="Site">Another place.</param>
/// <param name="Tags">Added to the proposed ones.</param>
public sealed record AllocationAnswer(bool? Allow = null, string? Reason = null, string? Id = null, string? Site = null, IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>Devices to be registered in one go, each by the first template that matches.</summary>
/// <param name="Template">This template in place of the first that matches; its conditions must hold.</param>
/// <param name="Identity"><c>secret</c> (null too), <c>certificate</c>, or <c>none</c>: devices that will show a certificate of another authority.</param>
/// <param name="DryRun">Says what would be registered, and registers nothing.</param>
public sealed record RegisterDevices(IReadOnlyList<DeviceToRegister> Devices, string? Template = null, string? Identity = null, bool DryRun = false);

/// <param name="Key">With identity <c>certificate</c>: its public key (SubjectPublicKeyInfo), base64; null for one that is made here and given once.</param>
public sealed record DeviceToRegister(string? Sku = null, string? Serial = null, string? Registration = null, string? Key = null);

/// <summary>Devices that were registered, in the order of the request.</summary>
/// <param name="Chain">PEM: the authorities of their certificates, the root last; null without certificates.</param>
public sealed record RegisteredDevices(bool DryRun, IReadOnlyList<RegisteredDeviceInfo> Devices, string? Chain = null);

/// <param name="Secret">Shown once.</param>
/// <param name="Certificate">PEM.</param>
/// <param name="Key">Its private key (PKCS #8, PEM) where that was made here; shown once.</param>
public sealed record RegisteredDeviceInfo(string Id, string Template, string? Site, string? Secret = null, string? Certificate = null, string? Key = null)
{
    /// <summary>Without what is shown once.</summary>
    public override string ToString() => Id;
}
