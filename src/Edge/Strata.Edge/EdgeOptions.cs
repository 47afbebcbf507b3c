using Strata.Core.Devices;
using Strata.Edge.Buffering;
using Strata.Edge.Control;
using Strata.Edge.Delivery;
using Strata.Edge.Identity;
using Strata.Edge.Reduction;
using Strata.Edge.Sources;
using Strata.Edge.Updates;

namespace Strata.Edge;

/// <summary>What an agent is to do. Checked by <see cref="Validate"/> before anything starts.</summary>
public sealed record EdgeOptions
{
    /// <summary>The agent's own folder; made (0700) when missing. One agent at a time.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The device that the agent speaks for; null where <see cref="Identity"/> says it.</summary>
    public DeviceId? Device { get; init; }

    /// <summary>A file with the device's secret; read again at each connection. Null where it has an <see cref="Identity"/>.</summary>
    public string? SecretFile { get; init; }

    /// <summary>The agent gets and keeps its own certificate; null where it has a secret. Needs gateways by TLS.</summary>
    public AgentIdentityOptions? Identity { get; init; }

    /// <summary>The authorities (PEM) that a gateway's certificate must lead to; null for the machine's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>Where to send: the first that takes the device, in this order. At least one, at most 16.</summary>
    public required IReadOnlyList<GatewayAddress> Gateways { get; init; }

    public required SourceOptions Source { get; init; }

    public ReductionOptions Reduction { get; init; } = new();

    public BufferOptions Buffer { get; init; } = new();

    public DeliveryOptions Delivery { get; init; } = new();

    /// <summary>Null (the default): no control loop; the source <c>room</c> has one always.</summary>
    public ControlOptions? Control { get; init; }

    /// <summary>How the agent updates itself, or the system that it runs on; null (the default): it does not. Needs a supervisor that starts it, or RAUC.</summary>
    public UpdateOptions? Updates { get; init; }

    /// <summary>Time between two writings of <c>status.json</c>. 100 ms to 1 h; default 1 s.</summary>
    public TimeSpan StatusInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a stop waits for acknowledgements of what is in the buffer. 0 to 5 min; default 3.5 s. What is left stays in the buffer.</summary>
    public TimeSpan FlushLimit { get; init; } = TimeSpan.FromSeconds(3.5);

    /// <summary>How long an agent that was told to wipe itself tries to say that it does, before its keys go all the same. 0 to 1 day; default 1 min.</summary>
    public TimeSpan WipeAnswerLimit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What is wrong, one sentence each; empty when all is well.</summary>
    public IEnumerable<string> Validate()
    {
        if (Gateways.Count is < 1 or > 16)
            yield return $"{Gateways.Count} gateways are given; it must be 1 to 16.";
        if (Identity is null == SecretFile is null)
            yield return "An agent has either a secret (--secret-file) or a birth certificate (--birth and --birth-key).";
        if (Identity is null && Device is null)
            yield return "An agent with a secret is told which device it speaks for (--device).";
        if (Identity is not null && Gateways.Any(g => !g.IsTls))
            yield return "A certificate is shown by TLS: write mqtts:// for every gateway.";
        if (StatusInterval < TimeSpan.FromMilliseconds(100) || StatusInterval > TimeSpan.FromHours(1))
            yield return $"{nameof(StatusInterval)} is {StatusInterval}; it must be 100 ms to 1 h.";
        if (FlushLimit < TimeSpan.Zero || FlushLimit > TimeSpan.FromMinutes(5))
            yield return $"{nameof(FlushLimit)} is {FlushLimit}; it must be 0 to 5 min.";
        if (WipeAnswerLimit < TimeSpan.Zero || WipeAnswerLimit > TimeSpan.FromDays(1))
            yield return $"{nameof(WipeAnswerLimit)} is {WipeAnswerLimit}; it must be 0 to 1 day.";
        if (Reduction.DeadBand.Validate().Concat(Buffer.Validate()).Concat(Delivery.Validate()).Concat(Source.Validate()).Concat(Control?.Validate() ?? []).Concat(Updates?.Validate() ?? []).FirstOrDefault() is { } wrong)
            yield return wrong;
    }
}
