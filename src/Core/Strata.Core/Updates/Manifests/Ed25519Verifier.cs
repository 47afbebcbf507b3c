using System.Numerics;
using System.Security.Cryptography;

namespace Strata.Core.Updates.Manifests;

/// <summary>
/// Checks Ed25519 signatures (RFC 8032 section 5.1.7, without the cofactor). It only checks: everything it works on is public, so its time may depend on it. Strict: S below the group's order, points in their one
/// encoding, no key of small order. See ADR 15.
/// </summary>
public static class Ed25519Verifier
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
    private static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);
    private static readonly BigInteger D = Mod(-121665 * Inverse(121666));
    private static readonly BigInteger RootOfMinusOne = BigInteger.ModPow(2, (P - 1) / 4, P);
    private static readonly Point Base = Decode(Convert.FromHexString("5866666666666666666666666666666666666666666666666666666666666666"))!.Value;
    private static readonly Point Neutral = new(0, 1, 1, 0);

    /// <summary>Whether the 32 bytes are a point in its one encoding that is not of small order.</summary>
    public static bool IsKey(ReadOnlySpan<byte> key) => key.Length == 32 && Decode(key) is { } point && !IsNeutral(Multiply(point, 8));

    public static bool Verify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != 64 || key.Length != 32 || Decode(key) is not { } a || IsNeutral(Multiply(a, 8)) || Decode(signature[..32]) is not { } r)
            return false;
        var s = new BigInteger(signature[32..], isUnsigned: true);
        if (s >= Order)
            return false;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        hash.AppendData(signature[..32]);
        hash.AppendData(key);
        hash.AppendData(content);
        var k = new BigInteger(hash.GetHashAndReset(), isUnsigned: true) % Order;
        return Same(Multiply(Base, s), Add(r, Multiply(a, k)));
    }

    /// <summary>RFC 8032 section 5.1.3; null for what is no point, or not in its one encoding.</summary>
    private static Point? Decode(ReadOnlySpan<byte> bytes)
    {
        var sign = bytes[31] >> 7;
        var y = new BigInteger(bytes, isUnsigned: true) & ((BigInteger.One << 255) - 1);
        if (y >= P)
            return null;
        var square = Mod(y * y);
        var x2 = Mod((square - 1) * Inverse(Mod(D * square + 1)));
        var x = BigInteger.ModPow(x2, (P + 3) / 8, P);
        if (Mod(x * x - x2) != 0)
            x = Mod(x * RootOfMinusOne);
        if (Mod(x * x - x2) != 0 || (x == 0 && sign == 1))
            return null;
        if ((x.IsEven ? 0 : 1) != sign)
            x = P - x;
        return new Point(x, y, 1, Mod(x * y));
    }

    private static Point Multiply(Point point, BigInteger by)
    {
        var sum = Neutral;
        for (var bit = (int)by.GetBitLength() - 1; bit >= 0; bit--)
        {
            sum = Add(sum, sum);
            if (!((by >> bit) & 1).IsZero)
                sum = Add(sum, point);
        }
        return sum;
    }

    /// <summary>RFC 8032 section 5.1.4; complete, so that it doubles as well.</summary>
    private static Point Add(Point p, Point q)
    {
        var a = Mod((p.Y - p.X) * (q.Y - q.X));
        var b = Mod((p.Y + p.X) * (q.Y + q.X));
        var c = Mod(2 * p.T * Mod(D * q.T));
        var d = Mod(2 * p.Z * q.Z);
        var (e, f, g, h) = (b - a, d - c, d + c, b + a);
        return new Point(Mod(e * f), Mod(g * h), Mod(f * g), Mod(e * h));
    }

    private static bool Same(Point p, Point q) => Mod(p.X * q.Z - q.X * p.Z).IsZero && Mod(p.Y * q.Z - q.Y * p.Z).IsZero;

    private static bool IsNeutral(Point p) => Same(p, Neutral);

    private static BigInteger Inverse(BigInteger value) => BigInteger.ModPow(value, P - 2, P);

    private static BigInteger Mod(BigInteger value) => value % P is var rest && rest.Sign < 0 ? rest + P : rest;

    /// <summary>Extended homogeneous coordinates.</summary>
    private readonly record struct Point(BigInteger X, BigInteger Y, BigInteger Z, BigInteger T);
}
