using System.Text;

namespace Strata.Cloud.Contracts;

/// <summary>How devices come in: templates.</summary>
public sealed partial class StrataClient
{
    public Task<Page<TemplateInfo>> ListTemplatesAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/templates", Json.PageTemplateInfo, cancellationToken);

    /// <summary>Makes and changes templates as a file (YAML) says.</summary>
    /// <param name="prune">Removes those that are not in the file.</param>
    /// <param name="fileName">Named in error messages.</param>
    public Task<AppliedTemplates> ApplyTemplatesAsync(string yaml, bool dryRun = false, bool prune = false, string? fileName = null, CancellationToken cancellationToken = default) => SendAsync(
        HttpMethod.Post, Query("api/v1/templates", ("dryRun", dryRun), ("prune", prune), ("file", fileName)), new StringContent(yaml, Encoding.UTF8, "application/yaml"), Json.AppliedTemplates, cancellationToken);

    /// <summary>Says which template a device would have; changes nothing.</summary>
    public Task<TemplateTest> TestTemplatesAsync(TestTemplates request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/templates/test", Body(request, Json.TestTemplates), Json.TemplateTest, cancellationToken);

    public Task DeleteTemplateAsync(string name, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"api/v1/templates/{Escape(name)}", null, cancellationToken);

    public Task<Page<EnrolmentGroupInfo>> ListEnrolmentGroupsAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/provisioning/groups", Json.PageEnrolmentGroupInfo, cancellationToken);

    /// <summary>Makes a group, with its key shown once, or changes whom one lets in.</summary>
    public Task<EnrolmentGroupSecret> PutEnrolmentGroupAsync(string name, PutEnrolmentGroup group, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/provisioning/groups/{Escape(name)}", Body(group, Json.PutEnrolmentGroup), Json.EnrolmentGroupSecret, cancellationToken);

    /// <summary>A new key of the group; with the old one nobody enrols any more.</summary>
    public Task<EnrolmentGroupSecret> RenewEnrolmentKeyAsync(string name, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/provisioning/groups/{Escape(name)}/key", null, Json.EnrolmentGroupSecret, cancellationToken);

    public Task DeleteEnrolmentGroupAsync(string name, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"api/v1/provisioning/groups/{Escape(name)}", null, cancellationToken);

    /// <summary>A new key with which allocation hooks are signed.</summary>
    public Task<HookKey> RenewHookKeyAsync(CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Post, "api/v1/provisioning/hook-key", null, Json.HookKey, cancellationToken);

    /// <param name="state"><c>pending</c> (null too), <c>approved</c> or <c>denied</c>.</param>
    public Task<Page<ApprovalInfo>> ListApprovalsAsync(string? state = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/provisioning/approvals", ("state", state)), Json.PageApprovalInfo, cancellationToken);

    public Task<ApprovalInfo> DecideApprovalAsync(string id, DecideApproval decision, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/provisioning/approvals/{Escape(id)}", Body(decision, Json.DecideApproval), Json.ApprovalInfo, cancellationToken);

    /// <summary>What a device asks for itself.</summary>
    public Task<Page<EndorsementKeyInfo>> ListEndorsementKeysAsync(string group, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query($"api/v1/provisioning/groups/{Escape(group)}/endorsement-keys", ("cursor", cursor), ("limit", limit)), Json.PageEndorsementKeyInfo, cancellationToken);

    /// <summary>Lets devices in by the endorsement keys of their TPMs: all or none.</summary>
    public Task AddEndorsementKeysAsync(string group, AddEndorsementKeys keys, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/provisioning/groups/{Escape(group)}/endorsement-keys", Body(keys, Json.AddEndorsementKeys), cancellationToken);

    public Task RemoveEndorsementKeyAsync(string group, string registration, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/provisioning/groups/{Escape(group)}/endorsement-keys/{Escape(registration)}", null, cancellationToken);

    /// <summary>A challenge that only the TPM with this endorsement key can answer.</summary>
    public Task<TpmChallenge> AskTpmChallengeAsync(AskTpmChallenge request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/provisioning/tpm/challenges", Body(request, Json.AskTpmChallenge), Json.TpmChallenge, cancellationToken);

    public Task<EnrolledDevice> AnswerTpmChallengeAsync(AnswerTpmChallenge answer, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/provisioning/tpm/enroll", Body(answer, Json.AnswerTpmChallenge), Json.EnrolledDevice, cancellationToken);

    public Task<EnrolledDevice> EnrolAsync(EnrolRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/provisioning/enroll", Body(request, Json.EnrolRequest), Json.EnrolledDevice, cancellationToken);

    /// <summary>Registers many devices by templates, all or none.</summary>
    public Task<RegisteredDevices> RegisterDevicesAsync(RegisterDevices request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/provisioning/devices", Body(request, Json.RegisterDevices), Json.RegisteredDevices, cancellationToken);
}
