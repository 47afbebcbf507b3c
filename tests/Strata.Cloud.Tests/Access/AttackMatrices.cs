using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Platform;
using Strata.Postgres;
using Strata.Telemetry.Postgres;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Access;

/// <summary>The matrix on a node that keeps everything in files.</summary>
[Collection(nameof(AttackedCloud))] // One after the other: the targets' tokens are those of the newest node.
public sealed class AttackMatrixOnFilesTests(AttackedCloud attacked) : AttackMatrixTests(attacked), IClassFixture<AttackedCloud>;

/// <summary>The matrix on PostgreSQL with the application's filters switched off: its policies alone keep the tenants apart.</summary>
[Collection(nameof(AttackedCloud))]
public sealed class AttackMatrixWithoutFiltersTests(UnfilteredCloud attacked) : AttackMatrixTests(attacked), IClassFixture<UnfilteredCloud>
{
    /// <summary>The filters were off.</summary>
    protected override void Conclude()
    {
        Assert.True(attacked.Filters.Queries > 20, $"Only {attacked.Filters.Queries} queries of the registry were compiled without their filter.");
        Assert.True(attacked.Rewritten > 20, $"Only {attacked.Rewritten} queries of the telemetry store lost their condition.");
    }
}

/// <summary>An attacked node on PostgreSQL without the application's own filters; started again after it was filled, so that it has read everything without them.</summary>
public sealed class UnfilteredCloud : AttackedCloud
{
    private readonly OnPostgres cloud;

    public UnfilteredCloud(PostgresServer server)
        : this(new OnPostgres(server))
    {
    }

    private UnfilteredCloud(OnPostgres cloud)
        : base(cloud) => this.cloud = cloud;

    internal WithoutFilters Filters => cloud.Filters;

    internal int Rewritten => cloud.Rewritten;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await cloud.StopAsync();
        await cloud.StartAsync();
        cloud.SwitchTelemetryOff();
    }

    private sealed class OnPostgres(PostgresServer server) : RunningCloudOnPostgres(server)
    {
        private int rewritten;

        public WithoutFilters Filters { get; } = new();

        public int Rewritten => rewritten;

        public void SwitchTelemetryOff() => Node.Services.GetRequiredService<PostgresTelemetryStore>().Reads.Rewrite = sql =>
        {
            var without = WithoutFilters.Of(sql);
            if (without != sql)
                Interlocked.Increment(ref rewritten);
            return without;
        };

        protected override void Configure(WebApplicationBuilder builder) =>
            builder.Services.AddSingleton<IRegistryDatabase>(_ => new RegistryServer(DatabaseAddress.Parse(Database!)) { Interceptors = [Filters] });
    }
}
