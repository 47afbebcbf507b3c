namespace Strata.Mqtt;

/// <summary>
/// A host that wants to know when what it publishes has arrived: told of the PUBACK of each session of one owner. Kept for as long as the session and the program live: after a restart nobody is told.
/// </summary>
/// <param name="Owner">See <see cref="ConnectDecision.Owner"/>.</param>
/// <param name="Acknowledged">Called on a connection's read loop, under a lock of the engine: must be quick and call nothing of it.</param>
public sealed record DeliveryWatch(string Owner, Action Acknowledged);
