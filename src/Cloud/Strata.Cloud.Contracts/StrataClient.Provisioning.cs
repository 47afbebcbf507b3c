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
}
