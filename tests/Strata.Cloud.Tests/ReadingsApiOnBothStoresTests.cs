namespace Strata.Cloud.Tests;

public sealed class ReadingsApiInFilesTests(RunningCloud cloud) : ReadingsApiTests(cloud), IClassFixture<RunningCloud>;

public sealed class ReadingsApiInPostgresTests(RunningCloudOnPostgres cloud) : ReadingsApiTests(cloud), IClassFixture<RunningCloudOnPostgres>;
