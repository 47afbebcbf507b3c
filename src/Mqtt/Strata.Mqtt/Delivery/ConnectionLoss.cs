using Microsoft.AspNetCore.Connections;

namespace Strata.Mqtt.Delivery;

/// <summary>Which exceptions of a transport mean no more than that the peer is gone.</summary>
internal static class ConnectionLoss
{
    public static bool Is(Exception fault) =>
        fault is IOException or ConnectionResetException or ConnectionAbortedException or OperationCanceledException;
}
