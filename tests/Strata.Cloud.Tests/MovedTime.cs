using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests;

/// <summary>The machine's clock, set ahead: what takes long is over at once.</summary>
internal sealed class MovedTime : TimeProvider
{
    private long offset;

    public TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref offset));
        set => Interlocked.Exchange(ref offset, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
}

/// <summary>A node whose clock can be set ahead.</summary>
internal sealed class MovedCloud(PostgresServer? server = null) : RunningCloud(server)
{
    public MovedTime Time { get; } = new();

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Time));
}
