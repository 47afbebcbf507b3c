using Microsoft.Extensions.Time.Testing;
using Strata.Fog.Link;

namespace Strata.Fog.Tests;

public sealed class LinkStateTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public async Task Who_waits_to_try_again_need_not_wait_when_the_link_comes_up()
    {
        var link = new LinkState(time);
        var waiting = link.WaitAsync(TimeSpan.FromSeconds(30), TimeSpan.Zero, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        link.SetUp();
        await waiting;
        var longest = link.WaitAsync(TimeSpan.FromSeconds(30), TimeSpan.Zero, TestContext.Current.CancellationToken);
        link.SetUp(); // It is up already: a ping of the parent is no reason to try again.
        for (var i = 0; i < 100; i++)
            await Task.Yield();
        Assert.False(longest.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(30));
        await longest;
    }

    [Fact]
    public async Task What_the_parent_asked_for_is_waited_for_whatever_the_link_does()
    {
        var link = new LinkState(time);
        var waiting = link.WaitAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        var other = link.WaitAsync(TimeSpan.FromSeconds(30), TimeSpan.Zero, TestContext.Current.CancellationToken);
        link.SetUp();
        await other; // The link's news is round.
        time.Advance(TimeSpan.FromSeconds(19));
        for (var i = 0; i < 100; i++)
            await Task.Yield();
        Assert.False(waiting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        await waiting; // It came up meanwhile: the rest is not waited for.
    }

    [Fact]
    public async Task Who_is_told_to_stop_does_not_wait()
    {
        using var stop = new CancellationTokenSource();
        var waiting = new LinkState(time).WaitAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(20), stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
