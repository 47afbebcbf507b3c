using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Node.Operations;

namespace Strata.Node.Tests.Operations;

public sealed class NodeLifetimeTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_part_that_fails_ends_the_run_and_is_named()
    {
        var breaks = new TaskCompletionSource();
        using var host = Build(breaks.Task);
        await host.StartAsync(Cancelled);
        var run = host.RunToItsEndAsync(Cancelled);
        breaks.SetException(new InvalidDataException("the part broke"));
        Assert.Equal("the part broke", (await run)?.Message);
        await host.StopAsync(Cancelled);
    }

    [Fact]
    public async Task A_stop_that_was_asked_for_is_no_failure()
    {
        using var asked = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        using var host = Build(new TaskCompletionSource().Task);
        await host.StartAsync(Cancelled);
        var run = host.RunToItsEndAsync(asked.Token);
        await asked.CancelAsync();
        Assert.Null(await run);
        await host.StopAsync(Cancelled);
    }

    private static IHost Build(Task work)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.Services.AddHostedService(_ => new Part(work));
        return builder.Build();
    }

    private sealed class Part(Task work) : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => work.WaitAsync(stoppingToken);
    }
}
