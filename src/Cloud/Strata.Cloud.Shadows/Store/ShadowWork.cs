using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Shadows;

namespace Strata.Cloud.Shadows.Store;

/// <summary>What is asked of a shadow.</summary>
internal enum ShadowVerb
{
    Read,
    Update,
    Delete,

    /// <summary>Everything of the device goes, also its history.</summary>
    Purge,
}

/// <summary>A request on its way through the writer.</summary>
internal sealed class ShadowWork(ShadowKey key, ShadowVerb verb)
{
    private readonly TaskCompletionSource<ShadowResult> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ShadowKey Key => key;

    public ShadowVerb Verb => verb;

    /// <summary>Of an update.</summary>
    public ShadowRequest? Request { get; init; }

    /// <summary>Made of the shadow as it is when its turn comes; in place of <see cref="Request"/>.</summary>
    public Func<Shadow, Outcome<ShadowRequest>>? Make { get; init; }

    public ShadowAuthor Author { get; init; }

    /// <summary>A person or a program, for the audit trail; null for a device.</summary>
    public Caller? Caller { get; init; }

    /// <summary>Of a deletion: the version that it was decided on.</summary>
    public long? Version { get; init; }

    /// <summary>When it was measured to have happened, ms since 1970 UTC; null for now.</summary>
    public long? At { get; init; }

    /// <summary>Given back with the answer.</summary>
    public string? Token { get; init; }

    /// <summary>It is answered on the device's topic.</summary>
    public bool IsByTopic { get; set; }

    /// <summary>The connection of the device that has begun to listen: it is told the delta.</summary>
    public long? Listener { get; init; }

    /// <summary>The version goes beyond this one: what a device saw at its gateway is not newer than what comes.</summary>
    public long AtLeast { get; init; }

    /// <summary>It comes from the gateway that serves the device, which knows it.</summary>
    public bool IsFromGateway { get; init; }

    public Task<ShadowResult> Done => done.Task;

    public void Complete(ShadowResult result) => done.TrySetResult(result);
}

/// <summary>What became of a request.</summary>
/// <param name="Shadow">As it is now; null where that is not known.</param>
/// <param name="Change">What was done; null for a read and a refusal.</param>
/// <param name="Request">What the change was made of.</param>
internal sealed record ShadowResult(Shadow? Shadow, ShadowChange? Change, ShadowRequest? Request, Problem? Problem)
{
    public static ShadowResult Refused(Problem problem, Shadow? shadow = null) => new(shadow, null, null, problem);
}

/// <summary>Hears of shadows on the writer's loop, after the commit and in its order, before whoever asked. Must be quick.</summary>
internal interface IShadowObserver
{
    void OnDone(ShadowWork work, ShadowResult result);
}
