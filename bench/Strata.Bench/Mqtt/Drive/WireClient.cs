namespace Strata.Bench.Mqtt.Drive;

/// <summary>One connection of the generator: cuts what arrives into packets, keeps what the socket does not take.</summary>
internal abstract class WireClient(int fd)
{
    private byte[] carry = [];
    private int carried;
    private byte[] unsent = [];
    private int unsentFrom;

    public int Fd { get; } = fd;

    /// <summary>It waits for its connection to stand.</summary>
    public bool IsConnecting { get; protected set; }

    /// <summary>Takes what has come and sends what that brings about.</summary>
    public void Readable(Poller poller)
    {
        var scratch = poller.Scratch;
        carry.AsSpan(0, carried).CopyTo(scratch.Input);
        var length = LibC.Receive(Fd, scratch.Input.AsSpan(carried));
        if (length == 0)
        {
            Gone(poller);
            return;
        }

        if (length < 0)
            return;
        var whole = carried + length;
        var at = 0;
        Begin();
        while (Cut(scratch.Input.AsSpan(at, whole - at), out var head, out var size))
        {
            Take(scratch.Input[at], scratch.Input.AsSpan(at + head, size - head), scratch);
            at += size;
        }

        carried = whole - at;
        if (carry.Length < carried)
            carry = new byte[Math.Max(carried, 512)];
        scratch.Input.AsSpan(at, carried).CopyTo(carry);
        End(poller);
        if (scratch.Written.Length > 0)
            poller.Send(this);
    }

    public virtual void Writable(Poller poller)
    {
        if (Flush([]))
            poller.Sent(this);
    }

    /// <returns>False: some of it waits.</returns>
    public bool Flush(ReadOnlySpan<byte> bytes)
    {
        if (unsent.Length > unsentFrom)
        {
            unsentFrom += Math.Max(0, LibC.Send(Fd, unsent.AsSpan(unsentFrom)));
            if (unsent.Length > unsentFrom)
            {
                unsent = [.. unsent.AsSpan(unsentFrom), .. bytes];
                unsentFrom = 0;
                return false;
            }

            (unsent, unsentFrom) = ([], 0);
        }

        while (bytes.Length > 0)
        {
            var sent = LibC.Send(Fd, bytes);
            if (sent < 0)
                return true;
            if (sent == 0)
            {
                unsent = bytes.ToArray();
                return false;
            }

            bytes = bytes[sent..];
        }

        return true;
    }

    /// <summary>Several packets come.</summary>
    protected virtual void Begin()
    {
    }

    protected abstract void Take(byte first, ReadOnlySpan<byte> body, Scratch scratch);

    protected virtual void End(Poller poller)
    {
    }

    /// <summary>The server closed the connection.</summary>
    protected virtual void Gone(Poller poller) => throw new InvalidOperationException($"The server closed the connection of a {GetType().Name}.");

    private static bool Cut(ReadOnlySpan<byte> bytes, out int head, out int size)
    {
        (head, size) = (0, 0);
        var length = 0;
        for (var i = 1; i < bytes.Length && i < 5; i++)
        {
            length |= (bytes[i] & 0x7F) << (7 * (i - 1));
            if (bytes[i] >= 0x80)
                continue;
            (head, size) = (i + 1, i + 1 + length);
            return bytes.Length >= size;
        }

        return false;
    }
}
