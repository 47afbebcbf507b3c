using Npgsql;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Isolation;

/// <summary>The same level where the registry is in PostgreSQL, looked at as its owner.</summary>
public sealed class EncryptedTenantOnPostgresTests(PostgresServer server)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tenant_is_encrypted_while_it_publishes_and_shredded()
    {
        await using var cloud = new RunningCloudOnPostgres(server);
        await cloud.InitializeAsync();
        await cloud.Client.CreateTenantAsync(new CreateTenant("acme"), Cancelled);
        var acme = new StrataClient(cloud.Http, null, "acme");
        var device = await acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await acme.InviteUserAsync(new InviteUser("ada@example.org", [new GrantInfo("viewer")]), Cancelled);
        await using var publishing = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", device, Cancelled);
        Assert.Null(SealedField.KeyOf(await EmailAsync(cloud)));

        var now = await cloud.Client.ChangeIsolationAsync("acme", new ChangeIsolation("encrypted"), Cancelled);
        while (now.Changing)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, Cancelled);
            now = await cloud.Client.GetIsolationAsync("acme", Cancelled);
        }
        Assert.Equal("encrypted", now.Level);
        Assert.NotNull(SealedField.KeyOf(await EmailAsync(cloud)));
        await publishing.MoreAsync(5, Cancelled);
        Assert.Equal(await publishing.StopAsync(), (await acme.CountReadingsAsync("t-1", Cancelled)).Count);
        Assert.Null((await acme.VerifyAuditAsync(Cancelled)).Broken);
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Single((await new StrataClient(cloud.Http, null, "acme").ListDevicesAsync(cancellationToken: Cancelled)).Items);

        await cloud.Client.ShredTenantAsync("acme", Cancelled);
        Assert.Equal("", await EmailAsync(cloud));
    }

    private static async Task<string> EmailAsync(RunningCloudOnPostgres cloud)
    {
        await using var connection = new NpgsqlConnection(cloud.Superuser);
        await connection.OpenAsync(Cancelled);
        return (await connection.ListAsync("SELECT email FROM invitations WHERE tenant_id = 'acme'", r => r.GetString(0), Cancelled)).SingleOrDefault() ?? "";
    }
}
