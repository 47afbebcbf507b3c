using System.Reflection;
using Strata.Core.Tenancy;
using Strata.Telemetry.Transfer;

namespace Strata.Telemetry.Tests;

/// <summary>A store to which something is written each time before it is asked for what was committed.</summary>
public class BusyStore : DispatchProxy
{
    private ITransferStore store = null!;
    private Func<int, Task> write = null!;
    private int asked;

    /// <param name="write">Is told how often it was called before.</param>
    public static ITransferStore Around(ITransferStore store, Func<int, Task> write)
    {
        var busy = Create<ITransferStore, BusyStore>();
        ((BusyStore)(object)busy).store = store;
        ((BusyStore)(object)busy).write = write;
        return busy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name == nameof(ITransferStore.CommittedAfterAsync)
        ? new ValueTask<CommittedRows>(AskAsync((TenantId)args![0]!, (long)args[1]!, (int)args[2]!, (CancellationToken)args[3]!)) : targetMethod.Invoke(store, args);

    private async Task<CommittedRows> AskAsync(TenantId tenant, long after, int limit, CancellationToken cancellationToken)
    {
        await write(asked++);
        return await store.CommittedAfterAsync(tenant, after, limit, cancellationToken);
    }
}
