using System.Diagnostics.CodeAnalysis;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Auth;

/// <summary>
/// Codes that open the dashboard once: made at the start and on request, valid ten minutes, used up by the first use. At most 100 wait; the
/// oldest makes room. Safe from any thread.
/// </summary>
public sealed class OneTimeLinks(TimeProvider time)
{
    public const int Capacity = 100;

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly Lock gate = new();
    private readonly LinkedList<Waiting> waiting = new();

    /// <summary>Makes a code for somebody; the link is <c>/login?code=CODE</c>.</summary>
    /// <param name="welcomes">It leads to the page on which the first person makes an account.</param>
    public (string Code, DateTimeOffset Expires) Create(Principal principal, bool welcomes = false)
    {
        var code = DeviceSecrets.Create();
        var expires = time.GetUtcNow() + Lifetime;
        lock (gate)
        {
            if (waiting.Count == Capacity)
                waiting.RemoveFirst();
            waiting.AddLast(new Waiting(DeviceSecrets.Hash(code), principal, welcomes, expires));
        }
        return (code, expires);
    }

    /// <summary>Uses a code up. False when it is unknown, used or too old.</summary>
    public bool TryRedeem(string? code, [NotNullWhen(true)] out Principal? principal) => TryRedeem(code, out principal, out _);

    /// <summary>The same, and whether the link was made to welcome somebody.</summary>
    public bool TryRedeem(string? code, [NotNullWhen(true)] out Principal? principal, out bool welcomes)
    {
        (principal, welcomes) = (null, false);
        if (string.IsNullOrEmpty(code) || code.Length > DeviceSecrets.MaxLength)
            return false;
        var given = System.Text.Encoding.UTF8.GetBytes(code);
        var now = time.GetUtcNow();
        lock (gate)
        {
            while (waiting.First is { } oldest && oldest.Value.Expires <= now)
                waiting.RemoveFirst();
            for (var node = waiting.First; node is not null; node = node.Next)
            {
                if (!DeviceSecrets.Matches(given, node.Value.Hash))
                    continue;
                waiting.Remove(node);
                (principal, welcomes) = (node.Value.Principal, node.Value.Welcomes);
                return true;
            }
        }
        return false;
    }

    private readonly record struct Waiting(byte[] Hash, Principal Principal, bool Welcomes, DateTimeOffset Expires);
}
