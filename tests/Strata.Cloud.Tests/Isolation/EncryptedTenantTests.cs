using System.Text;
using Microsoft.Data.Sqlite;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Isolation;

/// <summary>The level <c>encrypted</c> on a real node, looked at in its files.</summary>
public sealed class EncryptedTenantTests : IAsyncLifetime
{
    private const string Email = "ada.lovelace@example.org";
    private readonly RunningCloud cloud = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private StrataClient Acme => new(cloud.Http, null, "acme");

    public async ValueTask InitializeAsync()
    {
        await cloud.StartAsync();
        await cloud.Client.CreateTenantAsync(new CreateTenant("acme"), Cancelled);
        await cloud.Client.CreateTenantAsync(new CreateTenant("other"), Cancelled);
    }

    public async ValueTask DisposeAsync() => await cloud.DisposeAsync();

    [Fact]
    public async Task Secrets_and_personal_fields_leave_the_files_and_everything_works_on_also_after_a_restart()
    {
        var device = await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        var token = await Acme.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")]), Cancelled);
        await Acme.InviteUserAsync(new InviteUser(Email, [new GrantInfo("viewer")]), Cancelled);
        // Made by a person, so that the person's address stands in what he made; and what belongs to the sign-in by a provider.
        const string secret = "the client secret of a provider";
        await Acme.SetSignInProviderAsync(new SetSignInProvider("https://login.acme.example/", "strata", [new GroupGrant("all", new GrantInfo("viewer"))], secret), Cancelled);
        var kept = Column("sign_in_providers", "client_secret");
        var hash = System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(token.Token));
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.True(Found(Encoding.UTF8.GetBytes(Email)) && Found(hash), "Before it is encrypted the files show it; otherwise this test shows nothing.");

        await ChangeAsync("acme", new ChangeIsolation("encrypted"));
        Assert.Equal("encrypted", (await cloud.Client.GetIsolationAsync("acme", Cancelled)).Level);
        Assert.False(Found(Encoding.UTF8.GetBytes(Email)), "The address of the invited is in the files.");
        Assert.False(Found(hash), "The hash of the token is in the files.");
        Assert.False(Found(Encoding.UTF8.GetBytes(secret)) || Found(kept), "The client secret of the provider is in the files, plain or as the node's keys alone seal it.");
        Assert.Equal((0, 0, 0), (Unsealed("tokens", "created_by"), Unsealed("invitations", "created_by"), Unsealed("sign_in_providers", "client_secret")));

        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(1 + round, (await With(token.Token).ListDevicesAsync(cancellationToken: Cancelled)).Items.Count);
            await using (var publishing = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", device, Cancelled))
                await publishing.MoreAsync(3, Cancelled);
            Assert.Null((await Acme.VerifyAuditAsync(Cancelled)).Broken);
            await Acme.CreateDeviceAsync(new CreateDevice($"late-{round}"), Cancelled);
            await Acme.UpdateShadowAsync($"late-{round}", """{"state":{"desired":{"a":1}}}""", cancellationToken: Cancelled); // Its audit record is written in another way.
            await cloud.StopAsync();
            await cloud.StartAsync();
        }
        Assert.Equal(0, Unsealed("devices", "secret_hash"));
        Assert.Equal(0, Unsealed("audit", "after"));

        using (var found = await cloud.Http.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"api/v1/audit?id={Email}") { Headers = { { "Strata-Tenant", "acme" } } }, Cancelled))
            Assert.Contains(Email, await found.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal); // Found although the database cannot see it.

        await ChangeAsync("acme", new ChangeIsolation("logical"));
        Assert.Equal(3, Unsealed("devices", "secret_hash"));
        Assert.Null((await Acme.VerifyAuditAsync(Cancelled)).Broken);
        Assert.Single((await With(token.Token).ListDevicesAsync(limit: 1, cancellationToken: Cancelled)).Items);
    }

    [Fact]
    public async Task Keys_are_renewed_and_rotated_while_devices_publish()
    {
        var mine = await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        var theirs = await new StrataClient(cloud.Http, null, "other").CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await using var publishing = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", mine, Cancelled);
        await using var other = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "other", theirs, Cancelled);

        await ChangeAsync("acme", new ChangeIsolation("encrypted"));
        var first = Keys();
        await ChangeAsync("acme", new ChangeIsolation(RenewKey: true));
        var second = Keys();
        var rotated = await cloud.Client.RotateInstallationKeyAsync(Cancelled);
        await publishing.MoreAsync(10, Cancelled);
        await other.MoreAsync(10, Cancelled);

        Assert.NotEqual(Assert.Single(first).Id, Assert.Single(second).Id);
        Assert.Equal((second[0].Id, rotated.Id), Assert.Single(Keys()));
        Assert.StartsWith(rotated.Id, Assert.Single(await File.ReadAllLinesAsync(Path.Combine(cloud.Folder, "installation.key"), Cancelled)), StringComparison.Ordinal);
        Assert.Equal(await publishing.StopAsync(), (await Acme.CountReadingsAsync("t-1", Cancelled)).Count);
        Assert.Equal(await other.StopAsync(), (await new StrataClient(cloud.Http, null, "other").CountReadingsAsync("t-1", Cancelled)).Count);
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Single((await Acme.ListDevicesAsync(cancellationToken: Cancelled)).Items);
    }

    [Fact]
    public async Task A_shredded_tenant_is_gone_and_old_copies_of_the_files_cannot_be_opened()
    {
        await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await Acme.InviteUserAsync(new InviteUser(Email, [new GrantInfo("viewer")]), Cancelled);
        await new StrataClient(cloud.Http, null, "other").CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.ShredTenantAsync("acme", Cancelled));
        Assert.Contains("logical", refused.Message, StringComparison.Ordinal);
        await ChangeAsync("acme", new ChangeIsolation("encrypted"));
        await ChangeAsync("other", new ChangeIsolation("encrypted"));
        var copy = Directory.CreateTempSubdirectory("strata-copy-").FullName;
        foreach (var file in Directory.EnumerateFiles(cloud.Folder, "registry.db*").Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        var before = InstallationKeyFile.LoadOrCreate(Path.Combine(cloud.Folder, "installation.key"));
        var wrapped = Wrapped(copy, "acme");
        Assert.Equal(SealedField.KeyLength, (await before.UnwrapAsync(wrapped.By, wrapped.Bytes, wrapped.Place, Cancelled)).Length); // Until now whoever has both files has the key.

        await cloud.Client.ShredTenantAsync("acme", Cancelled);

        var after = InstallationKeyFile.LoadOrCreate(Path.Combine(cloud.Folder, "installation.key"));
        await Assert.ThrowsAsync<InstallationKeyException>(async () => await after.UnwrapAsync(wrapped.By, wrapped.Bytes, wrapped.Place, Cancelled));
        Assert.False(Found(wrapped.Bytes), "The wrapped key of the shredded tenant is still in the files.");
        Assert.Equal(0, Count("SELECT count(*) FROM devices WHERE tenant_id = 'acme'") + Count("SELECT count(*) FROM audit WHERE tenant_id = 'acme'"));
        Assert.Equal(0, Unsealed("devices", "secret_hash", "other"));
        Assert.Contains((await cloud.Client.ListAuditAsync(cancellationToken: Cancelled)).Items, a => a is { Action: "shred", Id: "acme" });
        await cloud.StopAsync();
        await cloud.StartAsync(); // Nothing is left that would need the key.
        Assert.Single((await new StrataClient(cloud.Http, null, "other").ListDevicesAsync(cancellationToken: Cancelled)).Items);
        Assert.DoesNotContain((await cloud.Client.ListTenantsAsync(cancellationToken: Cancelled)).Items, t => t.Id == "acme");
        Directory.Delete(copy, recursive: true);
    }

    private async Task ChangeAsync(string tenant, ChangeIsolation change)
    {
        var now = await cloud.Client.ChangeIsolationAsync(tenant, change, Cancelled);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (now.Changing)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, deadline.Token);
            now = await cloud.Client.GetIsolationAsync(tenant, deadline.Token);
        }
    }

    private StrataClient With(string token)
    {
        var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token);
        return new StrataClient(http, null);
    }

    private bool Found(byte[] what) => Directory.EnumerateFiles(cloud.Folder, "registry.db*").Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)).Any(f => Bytes(f).AsSpan().IndexOf(what) >= 0);

    private static byte[] Bytes(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private List<(string Id, string By)> Keys() => Query(cloud.Folder, "SELECT id, wrapped_by FROM tenant_keys WHERE tenant_id = 'acme'", r => (r.GetString(0), r.GetString(1)));

    private static (byte[] Bytes, string By, string Place) Wrapped(string folder, string tenant) => Assert.Single(
        Query(folder, $"SELECT wrapped, wrapped_by, id FROM tenant_keys WHERE tenant_id = '{tenant}'", r => ((byte[])r.GetValue(0), r.GetString(1), $"strata data key {tenant} {r.GetString(2)}")));

    private long Unsealed(string table, string column, string tenant = "acme") => Query(
        cloud.Folder, $"SELECT {column} FROM {table} WHERE tenant_id = '{tenant}' AND {column} IS NOT NULL", r => r.GetValue(0) is byte[] bytes ? SealedField.KeyOf(bytes) : SealedField.KeyOf(r.GetString(0)))
        .Count(id => id is null);

    private byte[] Column(string table, string column) => Query(cloud.Folder, $"SELECT {column} FROM {table} WHERE tenant_id = 'acme'", r => (byte[])r.GetValue(0))[0];

    private long Count(string sql) => Query(cloud.Folder, sql, r => r.GetInt64(0))[0];

    private static List<T> Query<T>(string folder, string sql, Func<SqliteDataReader, T> row)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "registry.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Texts of this test.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(row(reader));
        return rows;
    }
}
