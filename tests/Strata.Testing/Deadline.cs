namespace Strata.Testing;

/// <summary>Waits for events; a test never sleeps.</summary>
public static class Deadline
{
    /// <summary>How long a test waits for what should happen at once.</summary>
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(20);

    /// <param name="awaited">What is awaited, for the message when it does not come.</param>
    public static async Task<T> For<T>(Task<T> task, string awaited)
    {
        try
        {
            return await task.WaitAsync(Default, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Awaited {Default.TotalSeconds:0} s in vain: {awaited}.");
        }
    }

    /// <param name="awaited">What is awaited, for the message when it does not come.</param>
    public static Task For(Task task, string awaited) => For(Done(task), awaited);

    private static async Task<bool> Done(Task task)
    {
        await task;
        return true;
    }
}
