using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Archive;

/// <summary>Files that a slice keeps of tenants beside their rows, named by what is in them: they travel with their tenant.</summary>
public interface ITenantFiles
{
    /// <summary>As archives name them, for example <c>artifacts</c>.</summary>
    string Kind { get; }

    /// <summary>What a tenant has now; nobody removes it until this is disposed.</summary>
    HeldFiles Hold(TenantId tenant);

    /// <summary>Takes in a file of an import. Nobody removes it until what comes back is disposed; then rows must name it.</summary>
    Task<Outcome<HeldFiles>> TakeAsync(string name, Stream content, CancellationToken cancellationToken);
}

/// <param name="Open">Of one of the names.</param>
public sealed record HeldFiles(IReadOnlyList<string> Names, Func<string, Stream> Open, IReadOnlyList<IDisposable> Pins) : IDisposable
{
    public void Dispose()
    {
        foreach (var pin in Pins)
            pin.Dispose();
    }
}
