namespace Strata.Core.Updates.Manifests;

/// <summary>Another component that has to be there, at that version or a later one, before this one is installed.</summary>
public sealed record ComponentNeed(string Component, string MinVersion);
