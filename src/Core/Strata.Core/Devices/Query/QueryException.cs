namespace Strata.Core.Devices.Query;

/// <summary>A query cannot be read; caught where it is parsed.</summary>
/// <param name="at">Position of the fault, from 0.</param>
internal sealed class QueryException(int at, string message) : Exception(message)
{
    public int At { get; } = at;
}
