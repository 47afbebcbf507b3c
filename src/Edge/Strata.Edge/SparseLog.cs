namespace Strata.Edge;

/// <summary>Decides which of many like events are logged: the first ten, then those at 20, 40, 80, ... Not safe for use by two threads at once.</summary>
internal sealed class SparseLog
{
    private const long OneByOne = 10;
    private long next = 1;

    /// <summary>Events so far.</summary>
    public long Count { get; private set; }

    /// <summary>Counts one; true when it is to be logged.</summary>
    public bool Next()
    {
        if (++Count < next)
            return false;
        next = Count < OneByOne ? Count + 1 : Count * 2;
        return true;
    }
}
