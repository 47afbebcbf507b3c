using System.Net;
using System.Text;
using CsCheck;
using Strata.Mqtt.Transports;

namespace Strata.Mqtt.Tests.Transports;

/// <summary>Both versions of the PROXY header, byte for byte.</summary>
public sealed class ProxyHeaderTests
{
    private static readonly byte[] Signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    public static TheoryData<byte[], string?> Headers => new()
    {
        { Text("PROXY TCP4 203.0.113.7 10.0.0.1 56324 1883\r\n"), "203.0.113.7:56324" },
        { Text("PROXY TCP6 2001:db8::7 2001:db8::1 56324 1883\r\n"), "[2001:db8::7]:56324" },
        { Text("PROXY UNKNOWN\r\n"), null },
        { Text("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), null },
        { [.. Signature, 0x21, 0x11, 0, 12, 203, 0, 113, 7, 10, 0, 0, 1, 0xDC, 0x04, 0x07, 0x5B], "203.0.113.7:56324" },
        { [.. Signature, 0x21, 0x21, 0, 36, .. IPAddress.Parse("2001:db8::7").GetAddressBytes(), .. new byte[16], 0xDC, 0x04, 0x07, 0x5B], "[2001:db8::7]:56324" },
        { [.. Signature, 0x21, 0x11, 0, 17, 203, 0, 113, 7, 10, 0, 0, 1, 0xDC, 0x04, 0x07, 0x5B, 0x04, 0, 2, 9, 9], "203.0.113.7:56324" }, // With a TLV.
        { [.. Signature, 0x20, 0x00, 0, 0], null }, // LOCAL: the balancer looks whether we live.
        { [.. Signature, 0x20, 0x11, 0, 12, 203, 0, 113, 7, 10, 0, 0, 1, 0xDC, 0x04, 0x07, 0x5B], null },
        { [.. Signature, 0x21, 0x31, 0, 3, 1, 2, 3], null }, // A Unix socket.
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void A_header_is_read_whole_and_leaves_what_follows(byte[] header, string? source)
    {
        for (var length = 0; length < header.Length; length++)
            Assert.Equal(ProxyHeaderStatus.Incomplete, ProxyHeader.Read(header.AsSpan(0, length)).Status);
        var read = ProxyHeader.Read([.. header, 0x10, 0x0C]);
        Assert.Equal((ProxyHeaderStatus.Complete, header.Length, source), (read.Status, read.Length, read.Source?.ToString()));
    }

    public static TheoryData<byte[]> Invalid => new()
    {
        { [0x10, 0x0C] }, // A CONNECT.
        { Text("PROXY TCP4 203.0.113.7 10.0.0.1 56324\r\n") },
        { Text("PROXY TCP4 203.0.113.7 10.0.0.1 56324 65536\r\n") },
        { Text("PROXY TCP4 203.0.113.7 10.0.0.1 +1 1\r\n") },
        { Text("PROXY TCP4 2001:db8::7 10.0.0.1 1 1\r\n") },
        { Text("PROXY TCP6 203.0.113.7 10.0.0.1 1 1\r\n") },
        { Text("PROXY UDP4 203.0.113.7 10.0.0.1 1 1\r\n") },
        { Text("PROXY \r\n") },
        { Text("PROXY TCP4 " + new string('1', 200)) },
        { [.. Signature, 0x11, 0x11, 0, 12] }, // Version 1 in the binary form.
        { [.. Signature, 0x22, 0x11, 0, 12] }, // No such command.
        { [.. Signature, 0x21, 0x11, 0, 4, 1, 2, 3, 4] }, // Too short for its addresses.
        { [.. Signature, 0x21, 0x41, 0, 0] }, // No such family.
        { [.. Signature, 0x21, 0x11, 0xFF, 0xFF] }, // Longer than is read.
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void What_is_no_header_is_said_to_be_none(byte[] bytes) => Assert.Equal(ProxyHeaderStatus.Invalid, ProxyHeader.Read(bytes).Status);

    [Fact]
    public void Whatever_comes_the_reader_stays_within_it() =>
        Gen.Select(Gen.OneOf(Gen.Const(Signature), Gen.Const(Text("PROXY TCP4 ")), Gen.Const(Array.Empty<byte>())), Gen.Byte.Array[0, 200]).Sample((head, tail) =>
        {
            byte[] bytes = [.. head, .. tail];
            var read = ProxyHeader.Read(bytes);
            return read.Status != ProxyHeaderStatus.Complete || read.Length <= bytes.Length;
        });

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);
}
