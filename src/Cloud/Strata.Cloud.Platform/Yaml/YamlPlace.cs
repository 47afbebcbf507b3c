namespace Strata.Cloud.Platform.Yaml;

/// <summary>Where in a file something stands; line and column count from 1.</summary>
public readonly record struct YamlPlace(long Line, long Column, string Field);
