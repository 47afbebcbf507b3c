using System.Diagnostics;

namespace Strata.EndToEnd.Tests;

/// <summary>Waits for something that another process does; the deadline only ends a test that would fail anyway.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Asks until the answer is as wanted.</summary>
    /// <param name="awaited">What was awaited, for the message.</param>
    public static async Task<T> IsAsync<T>(Func<Task<T>> ask, Func<T, bool> wanted, string awaited, TimeSpan? within = null)
    {
        var watch = Stopwatch.StartNew();
        object? last = null;
        while (true)
        {
            try
            {
                var answer = await ask();
                if (wanted(answer))
                    return answer;
                last = answer;
            }
            catch (Exception e) when (e is HttpRequestException or Cloud.Contracts.StrataApiException or TaskCanceledException)
            {
                last = e.Message;
            }
            var deadline = within ?? Deadline;
            Assert.True(watch.Elapsed < deadline, $"Awaited for {deadline.TotalSeconds} s: {awaited}. Last seen: {last}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
