using System.Collections;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// What waits for one client, in order. It grows by segments, so that a long queue is never copied, and gives a segment back as soon as that is read; guarded by who has it.
/// </summary>
internal sealed class WaitingQueue : IEnumerable<Outgoing>
{
    private const int FirstLength = 4;
    private const int MostLength = 512;

    private Segment head = new(FirstLength);
    private Segment tail;

    public WaitingQueue() => tail = head;

    public int Count { get; private set; }

    public void Enqueue(in Outgoing outgoing)
    {
        if (tail.End == tail.Items.Length)
            tail = tail.Next = new Segment(Math.Min(2 * tail.Items.Length, MostLength));
        tail.Items[tail.End++] = outgoing;
        Count++;
    }

    /// <summary>The oldest; only when there is one.</summary>
    public ref readonly Outgoing Peek() => ref head.Items[head.Start];

    public bool TryDequeue(out Outgoing outgoing)
    {
        outgoing = default;
        if (Count == 0)
            return false;
        outgoing = head.Items[head.Start];
        head.Items[head.Start++] = default; // Its message may be collected.
        Count--;
        if (head.Start == head.End)
            head = head.Next ?? (tail = new Segment(FirstLength));
        return true;
    }

    public IEnumerator<Outgoing> GetEnumerator()
    {
        for (var segment = head; segment is not null; segment = segment.Next)
        {
            for (var i = segment.Start; i < segment.End; i++)
                yield return segment.Items[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private sealed class Segment(int length)
    {
        public readonly Outgoing[] Items = new Outgoing[length];
        public int Start;
        public int End;
        public Segment? Next;
    }
}
