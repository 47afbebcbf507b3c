using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Node.Auth;

namespace Strata.Cloud.Platform.Yaml;

/// <summary>A section of a file for <c>strata apply</c> that belongs to another slice than the registry's. Found among the services; asked only where the file has it.</summary>
public interface IDescribedSection
{
    /// <summary>Its field at the top of a file, one of <see cref="DescriptionFile.Sections"/>.</summary>
    string Name { get; }

    /// <summary>Makes it as the file says, all or nothing, and says what that changed; or, on a dry run, what it would.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="prune">What the section does not describe goes, where the slice knows such a thing.</param>
    Task<Outcome<IReadOnlyList<ApplyChange>>> ApplyAsync(Caller caller, Access access, string file, string yaml, bool dryRun, bool prune, CancellationToken cancellationToken);
}
