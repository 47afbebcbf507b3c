namespace Strata.Cli.Demo;

/// <summary>The demo without keys: replay for a while, with an outage or a killed process in the middle when asked for, then close the books.</summary>
internal sealed class HeadlessDemo(DemoFleet fleet, DemoNarrator narrator, TimeProvider time)
{
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ReconnectLimit = TimeSpan.FromSeconds(90);

    public async Task<DemoReport> RunAsync(DemoOptions options, CancellationToken cancellationToken)
    {
        var update = options.Update ? new DemoUpdate(fleet, narrator, time) : null;
        await Task.WhenAll(ReplayAsync(options, cancellationToken), DisturbAsync(options, cancellationToken), update?.RunAsync(cancellationToken) ?? Task.CompletedTask);
        await ReconnectedAsync(cancellationToken);
        narrator.Say("the agents stop; the tiers settle");
        await fleet.StopEdgesAsync();
        var books = await SettleAsync(cancellationToken);
        var (asked, leaked) = await fleet.AskAsNeighboursAsync(cancellationToken);
        narrator.Say($"each tenant asked for what its neighbours have: {asked} questions, {leaked} answered");
        return DemoReport.From(books, leaked) with { Updates = [.. (update?.Rollouts ?? []).Select(DemoRollout.From)] };
    }

    /// <summary>A run that was disturbed goes on until every agent has found its gateway again.</summary>
    private async Task ReconnectedAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (!fleet.AgentsAreConnected() && time.GetElapsedTime(started) < ReconnectLimit)
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken);
    }

    private Task ReplayAsync(DemoOptions options, CancellationToken cancellationToken) => Task.Delay(options.For, time, cancellationToken);

    private async Task DisturbAsync(DemoOptions options, CancellationToken cancellationToken)
    {
        if (options.Outage is not { } outage)
        {
            if (options.Kill is not null)
            {
                await Task.Delay(options.For / 2, time, cancellationToken);
                await fleet.KillAndRestartAsync(options.Kill, cancellationToken);
            }
            return;
        }
        await Task.Delay((options.For - outage) / 2, time, cancellationToken);
        fleet.Plug.Cut();
        narrator.Say("the uplink is cut");
        if (options.Kill is not null)
        {
            await Task.Delay(outage / 2, time, cancellationToken);
            await fleet.KillAndRestartAsync(options.Kill, cancellationToken);
            await Task.Delay(outage / 2, time, cancellationToken);
        }
        else
        {
            await Task.Delay(outage, time, cancellationToken);
        }
        fleet.Plug.Restore();
        narrator.Say("the uplink is back");
    }

    /// <summary>
    /// Waits until the gateways' last entries have reached the cloud: the books balance and stand still. What is still open at the
    /// deadline is reported as it is.
    /// </summary>
    private async Task<IReadOnlyList<DemoBooks>> SettleAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        IReadOnlyList<DemoBooks>? last = null;
        while (true)
        {
            var now = await fleet.ReadClosedBooksAsync(cancellationToken);
            if (last is not null && now.Zip(last).All(b => b.First.StandsStill(b.Second)))
                return now;
            if (time.GetElapsedTime(started) > SettleLimit)
            {
                narrator.Say($"not settled after {SettleLimit.TotalSeconds:0} s: {now.Sum(b => b.Statistics.Unexplained)} readings are unexplained");
                return now;
            }
            last = now;
            await Task.Delay(TimeSpan.FromMilliseconds(700), time, cancellationToken);
        }
    }
}
