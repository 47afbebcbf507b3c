namespace Strata.Cloud.Devices.Tests;

public sealed class ApplyArchitectureInFileTests : ApplyArchitectureTests
{
    private protected override Task<TestRegistry> OpenAsync() => TestRegistry.OpenAsync();
}
