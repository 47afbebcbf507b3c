namespace Strata.EndToEnd.Tests;

/// <summary>Tests with so many processes of their own that they get the machine to themselves.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
