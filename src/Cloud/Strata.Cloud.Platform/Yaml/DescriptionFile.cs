using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Platform.Yaml;

/// <summary>What all files have at their top: <c>apiVersion: strata/v1</c>, and whose they are.</summary>
public static class DescriptionFile
{
    public const string ApiVersion = "strata/v1";

    /// <summary>The fields of a file for <c>strata apply</c>: the registry's, and those of <see cref="IDescribedSection"/>. Each slice reads its own and leaves the others alone.</summary>
    public static readonly string[] Sections = ["apiVersion", "tenant", "site", "name", "kind", "children", "gateways", "devices", "groups", "views", "configuration", "rollouts"];

    /// <summary>The fields at the top of the file's documents; one that cannot be read has none.</summary>
    public static IReadOnlySet<string> FieldsOf(string file, string yaml)
    {
        try
        {
            return YamlTree.Read(file, yaml).OfType<YamlMap>().SelectMany(d => d.Entries).Select(e => e.Key.Value).ToHashSet(StringComparer.Ordinal);
        }
        catch (YamlFileException)
        {
            return new HashSet<string>();
        }
    }

    /// <summary>The top of a document.</summary>
    /// <param name="tenant">What the documents before said, and then what all of them say; null for nothing.</param>
    /// <param name="known">The fields that it may have.</param>
    /// <exception cref="YamlFileException">It is of another version, of two tenants, or has unknown fields.</exception>
    public static YamlFields Open(string file, YamlNode document, ref string? tenant, params ReadOnlySpan<string> known)
    {
        var fields = new YamlFields(file, "", document, known);
        var version = fields.Text("apiVersion") ?? throw fields.Wrong("apiVersion", $"'apiVersion' is missing; begin the file with 'apiVersion: {ApiVersion}'.");
        if (version != ApiVersion)
            throw fields.Wrong("apiVersion", $"'{version}' is not a version that this node reads; write {ApiVersion}.");
        if (fields.OptionalName("tenant", static t => TenantId.Parse(t).Value) is { } said)
        {
            if (tenant is not null && tenant != said)
                throw fields.Wrong("tenant", $"'{said}' and '{tenant}' are both in the file; a file is one tenant's.");
            tenant = said;
        }
        return fields;
    }

    /// <summary>The caller's access to the tenant that a file names: another than the request's for a platform owner alone.</summary>
    /// <param name="said">Null when the file does not say.</param>
    public static Outcome<Access> AccessTo(string? said, Access access, AccessMap accesses, TenantDirectory tenants)
    {
        if (said is null || said == access.Tenant.Value)
            return access;
        // What is not there and what is somebody else's are one answer, as in the header.
        return access.Principal.IsPlatformOwner && TenantId.TryParse(said, out var tenant) && tenants.Exists(tenant)
            ? accesses.Of(access.Principal, tenant)
            : new Problem(ProblemKind.NotFound, "There is no such tenant.", "tenant");
    }

    /// <summary>The name of a file in messages.</summary>
    /// <param name="given">As the caller says it.</param>
    public static string NameOf(string? given, string usual) => given is { Length: > 0 and <= 300 } && !given.Any(char.IsControl) ? given : usual;
}
