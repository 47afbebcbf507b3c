using Strata.Mqtt.Tests.Sessions;

namespace Strata.Mqtt.Tests.Durability;

/// <summary>What holds for sessions in memory holds for those that are stored.</summary>
public sealed class StoredSessionTests : SessionTests, IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("strata-mqtt-");

    protected override string Data => data.FullName;

    public void Dispose() => data.Delete(recursive: true);
}

/// <summary>What holds for sessions in memory holds for those that are stored.</summary>
public sealed class StoredExactlyOnceTests : ExactlyOnceTests, IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("strata-mqtt-");

    protected override string Data => data.FullName;

    public void Dispose() => data.Delete(recursive: true);
}
