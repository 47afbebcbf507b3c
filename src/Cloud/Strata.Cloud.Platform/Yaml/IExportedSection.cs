using Strata.Core;
using Strata.Node.Auth;

namespace Strata.Cloud.Platform.Yaml;

/// <summary>A section that is also written by <c>strata export</c>, in the form that it takes.</summary>
public interface IExportedSection : IDescribedSection
{
    /// <summary>What is there now, in an order that does not change, as far as the caller may read it.</summary>
    /// <param name="sites">Only what is of these places and of what is in them; null for everything.</param>
    Task<Outcome<ExportedSection>> ExportAsync(Access access, IReadOnlyList<string>? sites, CancellationToken cancellationToken);
}

/// <param name="Json">The section's value; null when there is nothing to say.</param>
/// <param name="LeftOut">For people: what the caller may not read; null when nothing is left out.</param>
public sealed record ExportedSection(byte[]? Json, string? LeftOut = null);
