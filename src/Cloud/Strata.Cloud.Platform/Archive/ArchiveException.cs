namespace Strata.Cloud.Platform.Archive;

/// <summary>An archive is damaged, is cut off, is of another version or cannot be opened with this key; one sentence for the operator: what and where.</summary>
public sealed class ArchiveException(string message, Exception? inner = null) : Exception(message, inner);
