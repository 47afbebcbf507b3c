using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Strata.Mqtt.Transports;

/// <summary>What is known of a header after the bytes so far.</summary>
internal enum ProxyHeaderStatus
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>The header is whole.</summary>
    Complete,

    /// <summary>This is no such header; the connection is to be closed.</summary>
    Invalid,
}

/// <summary>
/// The header that a load balancer puts before a connection's first byte to say who the client is: PROXY protocol versions 1 (text) and 2 (binary), by
/// HAProxy's <c>proxy-protocol.txt</c>. Its extensions (TLVs) and checksum are passed over.
/// </summary>
/// <param name="Status">Whether the other values mean anything.</param>
/// <param name="Length">Bytes to take off the connection.</param>
/// <param name="Source">The client; null when the header does not say (a health check of the balancer itself, an unknown protocol).</param>
internal readonly record struct ProxyHeader(ProxyHeaderStatus Status, int Length = 0, IPEndPoint? Source = null)
{
    /// <summary>The longest header that is read: version 2 with its extensions. Version 1 has at most 107 bytes.</summary>
    public const int MaxLength = 4096;

    private const int MaxTextLength = 107;
    private const int BinaryPrefix = 16;

    private static readonly ProxyHeader Incomplete = new(ProxyHeaderStatus.Incomplete);
    private static readonly ProxyHeader Invalid = new(ProxyHeaderStatus.Invalid);

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> Word => "PROXY "u8;

    /// <summary>Reads the header at the beginning of a connection's bytes.</summary>
    public static ProxyHeader Read(ReadOnlySpan<byte> bytes)
    {
        if (Begins(bytes, Signature))
            return bytes.Length < BinaryPrefix ? Incomplete : ReadBinary(bytes);
        if (Begins(bytes, Word))
            return ReadText(bytes);
        return Invalid;
    }

    private static bool Begins(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> with) =>
        bytes[..Math.Min(bytes.Length, with.Length)].SequenceEqual(with[..Math.Min(bytes.Length, with.Length)]);

    private static ProxyHeader ReadBinary(ReadOnlySpan<byte> bytes)
    {
        var (version, command) = (bytes[12] >> 4, bytes[12] & 0x0F);
        var length = BinaryPrefix + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (version != 2 || command > 1 || length > MaxLength)
            return Invalid;
        if (bytes.Length < length)
            return Incomplete;
        var body = bytes[BinaryPrefix..length];
        const int Local = 0;
        if (command == Local)
            return new ProxyHeader(ProxyHeaderStatus.Complete, length);
        return bytes[13] switch
        {
            0x11 => Binary(body, 4, length),
            0x21 => Binary(body, 16, length),
            0x00 or 0x12 or 0x22 or 0x31 or 0x32 => new ProxyHeader(ProxyHeaderStatus.Complete, length), // Of no use here: datagrams, Unix sockets, unknown.
            _ => Invalid,
        };
    }

    /// <summary>Two addresses, then two ports.</summary>
    private static ProxyHeader Binary(ReadOnlySpan<byte> body, int size, int length) => body.Length < (2 * size) + 4
        ? Invalid
        : new ProxyHeader(ProxyHeaderStatus.Complete, length, new IPEndPoint(new IPAddress(body[..size]), BinaryPrimitives.ReadUInt16BigEndian(body[(2 * size)..])));

    private static ProxyHeader ReadText(ReadOnlySpan<byte> bytes)
    {
        var end = bytes[..Math.Min(bytes.Length, MaxTextLength)].IndexOf("\r\n"u8);
        if (end < 0)
            return bytes.Length < MaxTextLength ? Incomplete : Invalid;
        var words = Encoding.ASCII.GetString(bytes[..end]).Split(' ');
        var length = end + 2;
        if (words[1] == "UNKNOWN")
            return new ProxyHeader(ProxyHeaderStatus.Complete, length);
        var family = words[1] switch { "TCP4" => AddressFamily.InterNetwork, "TCP6" => AddressFamily.InterNetworkV6, _ => AddressFamily.Unspecified };
        if (words.Length != 6 || !IsAddress(words[2], family, out var source) || !IsAddress(words[3], family, out _) || !IsPort(words[4], out var port) || !IsPort(words[5], out _))
            return Invalid;
        return new ProxyHeader(ProxyHeaderStatus.Complete, length, new IPEndPoint(source, port));
    }

    private static bool IsAddress(string word, AddressFamily family, out IPAddress address) => IPAddress.TryParse(word, out address!) && address.AddressFamily == family;

    private static bool IsPort(string word, out ushort port) => ushort.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out port);
}
