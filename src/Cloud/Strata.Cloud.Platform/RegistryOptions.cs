namespace Strata.Cloud.Platform;

/// <summary>Where the registry is kept.</summary>
public sealed class RegistryOptions
{
    /// <summary>The node's data folder; must exist. No default.</summary>
    public required string DataFolder { get; set; }

    /// <summary>Connection string of the node's role in PostgreSQL; null keeps the registry in the data folder.</summary>
    public string? Database { get; set; }

    /// <summary>The file of the installation's key, which wraps the tenants' data keys; <c>installation.key</c> of the data folder when null. Made when it is missing.</summary>
    public string? KeyFile { get; set; }

    /// <summary>A program that holds the installation's key in place of a file; null for the file.</summary>
    public string? KeyCommand { get; set; }

    /// <summary>How many audit records a tenant keeps; the oldest go. 1,000 to 100,000,000; 1,000,000 unless given.</summary>
    public int AuditKept { get; set; } = 1_000_000;

    /// <summary>The database file in the folder.</summary>
    public string DatabasePath => Path.Combine(DataFolder, "registry.db");

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(DataFolder))
            throw new ArgumentException($"{nameof(DataFolder)} must name a folder.");
        if (AuditKept is < 1_000 or > 100_000_000)
            throw new ArgumentException($"{nameof(AuditKept)} is {AuditKept}; it must be 1,000 to 100,000,000.");
    }
}
