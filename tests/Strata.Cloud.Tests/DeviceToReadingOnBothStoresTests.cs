namespace Strata.Cloud.Tests;

public sealed class DeviceToReadingInFilesTests(RunningCloud cloud) : DeviceToReadingTests(cloud), IClassFixture<RunningCloud>;

public sealed class DeviceToReadingInPostgresTests(RunningCloudOnPostgres cloud) : DeviceToReadingTests(cloud), IClassFixture<RunningCloudOnPostgres>;
