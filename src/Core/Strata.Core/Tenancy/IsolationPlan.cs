namespace Strata.Core.Tenancy;

/// <summary>One step of a change of level. Each may be done again from its beginning: after a crash it is.</summary>
public enum IsolationStep
{
    /// <summary>Nothing is to be done.</summary>
    None,

    /// <summary>A new data key is made and seals what is written from now on.</summary>
    Key,

    /// <summary>What was sealed with another key, or not at all, is sealed with the new one; old keys go.</summary>
    Seal,

    /// <summary>Nothing is sealed any more; what is sealed is opened, and the keys go.</summary>
    Unseal,

    /// <summary>What there is is copied to where it will be, while it grows.</summary>
    Copy,

    /// <summary>The tenant's writes wait; the rest is copied, both places are compared, the new place takes over.</summary>
    Switch,

    /// <summary>The old place is cleared.</summary>
    Clear,
}

/// <summary>Which steps lead from one level to another, in which order. Pure.</summary>
public static class IsolationPlan
{
    /// <param name="renew">Also makes a new data key where the level has one already.</param>
    public static IReadOnlyList<IsolationStep> Steps(IsolationLevel from, IsolationLevel to, bool renew = false)
    {
        var steps = new List<IsolationStep>();
        if (HasKey(to) && (!HasKey(from) || renew))
            steps.AddRange([IsolationStep.Key, IsolationStep.Seal]);
        if (HasPlace(from) != HasPlace(to))
            steps.AddRange([IsolationStep.Copy, IsolationStep.Switch, IsolationStep.Clear]);
        if (HasKey(from) && !HasKey(to))
            steps.Add(IsolationStep.Unseal);
        return steps;
    }

    /// <summary>The step after one; <see cref="IsolationStep.None"/> after the last. Before the first stands <see cref="IsolationStep.None"/>.</summary>
    public static IsolationStep Next(IsolationLevel from, IsolationLevel to, bool renew, IsolationStep done)
    {
        var steps = Steps(from, to, renew);
        var at = done == IsolationStep.None ? 0 : IndexOf(steps, done) + 1;
        return at < steps.Count ? steps[at] : IsolationStep.None;
    }

    /// <summary>Whether a tenant of this level has a data key of its own.</summary>
    public static bool HasKey(IsolationLevel level) => level >= IsolationLevel.Encrypted;

    /// <summary>Whether a tenant of this level has databases of its own.</summary>
    public static bool HasPlace(IsolationLevel level) => level >= IsolationLevel.Dedicated;

    private static int IndexOf(IReadOnlyList<IsolationStep> steps, IsolationStep step)
    {
        for (var i = 0; i < steps.Count; i++)
            if (steps[i] == step)
                return i;
        throw new ArgumentException($"The step {step} is not of this plan.", nameof(step));
    }
}
