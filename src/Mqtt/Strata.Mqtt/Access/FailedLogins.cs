using System.Net;

namespace Strata.Mqtt.Access;

/// <summary>
/// Who failed to prove a name too often: counted by the client's address and the name, so that neither a network behind one address nor the name's owner
/// elsewhere is shut out with the guesser. Safe for use by any number of threads.
/// </summary>
/// <param name="max">Failures within the window that bar; 0 bars nobody.</param>
/// <param name="window">Counts failures from the first on, and is how long a barred pair stays so after the last.</param>
internal sealed class FailedLogins(int max, TimeSpan window, TimeProvider time)
{
    internal const int Capacity = RepeatLimit<(IPAddress, string)>.Capacity;

    private readonly RepeatLimit<(IPAddress Address, string Name)> failures = new(max, window, window, time);

    internal int Count => failures.Count;

    /// <summary>Whether the pair is to be refused without being asked for its password.</summary>
    public bool IsBarred(EndPoint? peer, string name) => AddressOf(peer) is { } address && failures.IsBarred((address, name));

    /// <summary>Takes note of a failure.</summary>
    /// <returns>Whether this one bars the pair.</returns>
    public bool Failed(EndPoint? peer, string name) => AddressOf(peer) is { } address && failures.Note((address, name));

    /// <summary>Forgets the failures of a pair that has proved its name.</summary>
    public void Succeeded(EndPoint? peer, string name)
    {
        if (AddressOf(peer) is { } address)
            failures.Forget((address, name));
    }

    /// <summary>Null for a local socket, whose peers the system has let in.</summary>
    private static IPAddress? AddressOf(EndPoint? peer) => (peer as IPEndPoint)?.Address;
}
