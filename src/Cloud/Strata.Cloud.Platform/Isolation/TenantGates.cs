using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// Lets a tenant's connections to the registry through, and holds them for a moment while its place or its key changes: who comes meanwhile waits. Any thread.
/// </summary>
public sealed class TenantGates(TimeProvider time)
{
    private readonly Dictionary<TenantId, Gate> gates = [];
    private readonly Lock guard = new();

    public async ValueTask EnterAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        while (TryEnter(tenant) is { } opening)
            await opening.WaitAsync(cancellationToken);
    }

    /// <summary>Null when let through; else what to wait for.</summary>
    internal Task? TryEnter(TenantId tenant)
    {
        lock (guard)
        {
            var gate = Of(tenant);
            if (gate.Opening is { } opening)
                return opening.Task;
            gate.Inside++;
            return null;
        }
    }

    public void Leave(TenantId tenant)
    {
        lock (guard)
        {
            var gate = Of(tenant);
            if (--gate.Inside == 0)
                gate.Empty?.TrySetResult();
        }
    }

    /// <summary>Closes the gate and waits until nobody is inside; the gate opens with the disposal. One holder at a time.</summary>
    /// <exception cref="TimeoutException">Somebody stayed inside; the gate is open again.</exception>
    public async Task<IDisposable> HoldAsync(TenantId tenant, TimeSpan limit, CancellationToken cancellationToken)
    {
        Task empty;
        lock (guard)
        {
            var gate = Of(tenant);
            if (gate.Opening is not null)
                throw new InvalidOperationException($"The gate of {tenant} is held already.");
            gate.Opening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            gate.Empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (gate.Inside == 0)
                gate.Empty.TrySetResult();
            empty = gate.Empty.Task;
        }
        try
        {
            await empty.WaitAsync(limit, time, cancellationToken);
            return new Hold(this, tenant);
        }
        catch
        {
            Open(tenant);
            throw;
        }
    }

    private void Open(TenantId tenant)
    {
        lock (guard)
        {
            var gate = Of(tenant);
            gate.Opening?.TrySetResult();
            (gate.Opening, gate.Empty) = (null, null);
        }
    }

    private Gate Of(TenantId tenant)
    {
        if (!gates.TryGetValue(tenant, out var gate))
            gates[tenant] = gate = new Gate();
        return gate;
    }

    private sealed class Gate
    {
        public int Inside { get; set; }

        public TaskCompletionSource? Opening { get; set; }

        public TaskCompletionSource? Empty { get; set; }
    }

    private sealed class Hold(TenantGates gates, TenantId tenant) : IDisposable
    {
        private int done;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref done, 1) == 0)
                gates.Open(tenant);
        }
    }
}
