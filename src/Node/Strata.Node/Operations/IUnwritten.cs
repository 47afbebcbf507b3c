namespace Strata.Node.Operations;

/// <summary>A part of a node that notes what happened and writes it later.</summary>
public interface IUnwritten
{
    /// <summary>Writes now what was noted before; safe beside the part's own writing.</summary>
    Task WriteUnwrittenAsync(CancellationToken cancellationToken);
}
