namespace Strata.Bench.Mqtt.Drive;

/// <summary>Clients that connect, are welcomed, disconnect, and are followed by others, so many at once.</summary>
internal sealed class Storm(DriveOptions options, DriveCounts counts, Poller poller)
{
    private readonly uint address = BitConverter.ToUInt32(options.Target.Address.GetAddressBytes());
    private int open;
    private long number;

    /// <summary>Follows those that are gone; between two turns of the poller, because the kernel gives the same descriptors again.</summary>
    public void Refill()
    {
        for (; open < options.Storm; open++)
            poller.Add(new Visitor(LibC.Connect(address, options.Target.Port), $"visitor-{number++}", this));
    }

    private sealed class Visitor : WireClient
    {
        private readonly string id;
        private readonly Storm storm;
        private bool welcomed;

        public Visitor(int fd, string id, Storm storm)
            : base(fd)
        {
            (this.id, this.storm) = (id, storm);
            IsConnecting = true;
        }

        public override void Writable(Poller poller)
        {
            if (IsConnecting)
            {
                IsConnecting = false;
                Flush(Packets.Connect(id, clean: true));
            }

            base.Writable(poller);
        }

        protected override void Take(byte first, ReadOnlySpan<byte> body, Scratch scratch)
        {
            welcomed = first == 0x20 && body[1] == 0;
            Packets.Disconnect.CopyTo(scratch.Take(2));
        }

        protected override void Gone(Poller poller)
        {
            if (welcomed)
                storm.Counted();
            else
                storm.Failed();
            poller.Remove(this);
        }
    }

    private void Counted()
    {
        counts.Connected++;
        open--;
    }

    private void Failed()
    {
        counts.Refused++;
        open--;
    }
}
