namespace Strata.Mqtt.Connections;

/// <summary>
/// The deadlines of all connections on one timer: a ring of slots, one a tick, each a linked list through the connections themselves. A
/// connection that is heard from only notes the tick; its deadline moves when its slot comes round.
/// </summary>
internal sealed class DeadlineWheel : IAsyncDisposable
{
    private const int SlotCount = 512;

    /// <summary>What deadlines are rounded up to.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    private readonly Lock gate = new();
    private readonly Connection?[] slots = new Connection?[SlotCount];
    private readonly List<Connection> due = [];
    private readonly TimeProvider time;
    private readonly Action onTurn;
    private readonly long started;
    private readonly ITimer timer;
    private int now;

    /// <param name="onTurn">Called with each turn, outside of the lock.</param>
    public DeadlineWheel(TimeProvider time, Action onTurn)
    {
        this.onTurn = onTurn;
        this.time = time;
        started = time.GetTimestamp();
        timer = time.CreateTimer(static wheel => ((DeadlineWheel)wheel!).Turn(), this, Tick, Tick);
    }

    /// <summary>The last tick; what a connection notes as the time it was heard from.</summary>
    public int Now => Volatile.Read(ref now);

    /// <summary>The tick by which this much time has surely passed.</summary>
    public int After(TimeSpan delay) => AfterTick(Now, delay);

    /// <summary>The last tick by which this much time has surely not passed yet; the next one if that is now.</summary>
    public int Within(TimeSpan delay) => Now + Math.Max(1, (int)Math.Min(int.MaxValue / 4, Math.Floor(delay / Tick)));

    public static int AfterTick(int tick, TimeSpan delay) => tick + 1 + (int)Math.Min(int.MaxValue / 4, Math.Ceiling(delay / Tick));

    /// <summary>Has <see cref="Connection.OnDeadline"/> called at the tick; replaces an earlier deadline.</summary>
    public void Schedule(Connection connection, int tick)
    {
        lock (gate)
        {
            if (connection.WheelTick < 0)
                return;
            Unlink(connection);
            Link(connection, Math.Max(tick, now + 1));
        }
    }

    /// <summary>The connection has ended: whoever schedules it from now on is ignored.</summary>
    public void Retire(Connection connection)
    {
        lock (gate)
        {
            Unlink(connection);
            connection.WheelTick = -1;
        }
    }

    /// <summary>The connection has no deadline for now.</summary>
    public void Remove(Connection connection)
    {
        lock (gate)
            Unlink(connection);
    }

    public ValueTask DisposeAsync() => timer.DisposeAsync();

    private void Turn()
    {
        TurnWheel();
        onTurn();
    }

    private void TurnWheel()
    {
        lock (gate)
        {
            var target = (int)(time.GetElapsedTime(started) / Tick);
            while (now < target)
            {
                Volatile.Write(ref now, now + 1);
                for (var connection = slots[now % SlotCount]; connection is not null; connection = connection.WheelNext)
                {
                    if (connection.WheelTick <= now)
                        due.Add(connection);
                }

                foreach (var connection in due)
                {
                    Unlink(connection);
                    if (connection.OnDeadline(now) is { } next)
                        Link(connection, Math.Max(next, now + 1));
                }

                due.Clear();
            }
        }
    }

    private void Link(Connection connection, int tick)
    {
        ref var first = ref slots[tick % SlotCount];
        connection.WheelTick = tick;
        connection.WheelNext = first;
        connection.WheelPrevious = null;
        if (first is not null)
            first.WheelPrevious = connection;
        first = connection;
    }

    private void Unlink(Connection connection)
    {
        if (connection.WheelTick <= 0)
            return;
        if (connection.WheelPrevious is { } previous)
            previous.WheelNext = connection.WheelNext;
        else
            slots[connection.WheelTick % SlotCount] = connection.WheelNext;
        if (connection.WheelNext is { } next)
            next.WheelPrevious = connection.WheelPrevious;
        connection.WheelTick = 0;
        connection.WheelNext = connection.WheelPrevious = null;
    }
}
