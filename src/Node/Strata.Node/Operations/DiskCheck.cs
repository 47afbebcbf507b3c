using Strata.Cloud.Contracts;

namespace Strata.Node.Operations;

/// <summary>Free space where the data folder is.</summary>
internal sealed class DiskCheck(NodeDescription node) : INodeCheck
{
    private const long FailingBelow = 64L << 20;
    private const long DegradedBelow = 1L << 30;

    /// <summary>Free bytes; 0 when the folder cannot be asked.</summary>
    public static long Free(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0; // The folder's disk is gone or closed to us: no space is the truth that matters.
        }
    }

    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Judge(Free(node.DataFolder), node.DataFolder));

    internal static HealthCheck Judge(long free, string folder)
    {
        var text = $"{free / 1_048_576.0:N0} MB free at {folder}";
        return free switch
        {
            < FailingBelow => new HealthCheck("disk", HealthStates.Failing, $"{text}: make room, or lower the retention; the node goes on by itself when there is room."),
            < DegradedBelow => new HealthCheck("disk", HealthStates.Degraded, $"{text}: make room before it runs out."),
            _ => new HealthCheck("disk", HealthStates.Ok, text),
        };
    }
}
