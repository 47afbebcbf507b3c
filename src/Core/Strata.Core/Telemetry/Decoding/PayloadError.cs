namespace Strata.Core.Telemetry.Decoding;

/// <summary>Why a payload was refused and where.</summary>
/// <param name="Offset">
/// The first byte at fault, from 0; the payload's length when it ends too early. For a time out of range the first byte of the time.
/// </param>
/// <param name="Reason">One plain sentence. It may quote a name of the payload, shortened and printable, never a value.</param>
public readonly record struct PayloadError(int Offset, string Reason)
{
    public override string ToString() => $"byte {Offset}: {Reason}";
}
