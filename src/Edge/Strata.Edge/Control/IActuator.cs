namespace Strata.Edge.Control;

/// <summary>What a control loop drives. Called by the loop's thread only; must not wait for a network.</summary>
internal interface IActuator
{
    /// <summary>Brings the output into the world.</summary>
    /// <param name="output">Within the loop's limits.</param>
    /// <param name="elapsed">Time since the last call, for what is simulated.</param>
    void Apply(double output, TimeSpan elapsed);
}

/// <summary>What a control loop holds. Read by the loop's thread.</summary>
internal interface IMeasurement
{
    /// <summary>The newest value; NaN when there is none, or it is too old.</summary>
    double Read();
}

/// <summary>Drives two: a real one, and the simulated room beside it.</summary>
internal sealed class ActuatorPair(IActuator first, IActuator second) : IActuator
{
    public void Apply(double output, TimeSpan elapsed)
    {
        first.Apply(output, elapsed);
        second.Apply(output, elapsed);
    }
}
