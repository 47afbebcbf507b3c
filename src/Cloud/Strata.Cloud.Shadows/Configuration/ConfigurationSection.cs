using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Yaml;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary><c>configuration:</c> of a file: layers and schemas, for who may change devices everywhere.</summary>
internal sealed class ConfigurationSection(ConfigurationStore store, ShadowStore shadows) : IDescribedSection
{
    public string Name => "configuration";

    public async Task<Outcome<IReadOnlyList<ApplyChange>>> ApplyAsync(Caller caller, Access access, string file, string yaml, bool dryRun, bool prune, CancellationToken cancellationToken)
    {
        if (!access.IsWhole(Permission.DevicesWrite))
            return Access.Forbidden;
        var read = ConfigurationFile.Read(file, yaml, shadows.Limits);
        return read.IsOk ? await store.ApplyAsync(caller, read.Value, dryRun, prune, cancellationToken) : read.Problem;
    }
}
