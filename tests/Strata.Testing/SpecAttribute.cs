namespace Strata.Testing;

/// <summary>
/// Claims that the test exercises a normative statement of MQTT, as <c>MQTT-3.12.4-1</c>. The conformance table is made from these, so claim
/// only what would fail if the statement were broken.
/// </summary>
/// <param name="id">The statement's id as the specification prints it.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
public class SpecAttribute(string id) : Attribute
{
    public string Id { get; } = id;

    /// <summary>5.0 unless said otherwise; the two specifications number their statements independently.</summary>
    public string Version { get; init; } = "5.0";
}
