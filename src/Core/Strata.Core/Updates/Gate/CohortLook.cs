namespace Strata.Core.Updates.Gate;

/// <summary>What one look found of one metric: of devices that were not ill by it before, who fell ill since the last look.</summary>
/// <param name="Updated">Updated devices at risk.</param>
/// <param name="UpdatedIll">Of them, newly ill.</param>
/// <param name="Control">Devices not yet updated, at risk in the same time.</param>
/// <param name="ControlIll">Of them, newly ill.</param>
public readonly record struct CohortLook(int Updated, int UpdatedIll, int Control, int ControlIll);
