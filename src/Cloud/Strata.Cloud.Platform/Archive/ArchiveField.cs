namespace Strata.Cloud.Platform.Archive;

/// <summary>A column that is sealed with keys of the node beside those of the tenant: opened before it leaves, sealed anew where it arrives. Registered by the slice that has it.</summary>
public sealed record ArchiveField(string Table, string Column, Func<byte[], byte[]> Open, Func<byte[], byte[]> Seal);
