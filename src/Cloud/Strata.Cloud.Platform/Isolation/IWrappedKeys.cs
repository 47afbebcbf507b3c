namespace Strata.Cloud.Platform.Isolation;

/// <summary>A slice that keeps keys wrapped with the installation's key. Before an older key of the installation is destroyed, each wraps anew what that one wrapped.</summary>
public interface IWrappedKeys
{
    /// <summary>Wraps all that another key than this one wrapped. Interrupted, it is done again.</summary>
    /// <param name="current">The installation's key that wraps from now on.</param>
    /// <returns>The keys that wrapped before.</returns>
    Task<IReadOnlyCollection<string>> WrapAnewAsync(string current, CancellationToken cancellationToken);
}
