namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// The key of the installation, which wraps the tenants' data keys and never leaves its provider: a file, an external program, or what speaks PKCS#11. Keys are named by ids;
/// after a rotation the older ones unwrap until they are destroyed. Safe for use by any number of threads.
/// </summary>
public interface IInstallationKey
{
    /// <summary>The id of the key that wraps now.</summary>
    ValueTask<string> CurrentAsync(CancellationToken cancellationToken);

    /// <param name="place">Authenticated with the key: whose it is.</param>
    /// <exception cref="InstallationKeyException">The provider does not do it; the message says what to do.</exception>
    ValueTask<byte[]> WrapAsync(string id, byte[] key, string place, CancellationToken cancellationToken);

    /// <exception cref="InstallationKeyException">The key is not there, or what was wrapped is another thing.</exception>
    ValueTask<byte[]> UnwrapAsync(string id, byte[] wrapped, string place, CancellationToken cancellationToken);

    /// <summary>Makes a new key, which wraps from now on; returns its id.</summary>
    ValueTask<string> RotateAsync(CancellationToken cancellationToken);

    /// <summary>Destroys a key that is not the current one: what it wrapped cannot be unwrapped by anybody any more.</summary>
    ValueTask DestroyAsync(string id, CancellationToken cancellationToken);
}

/// <summary>The installation's key cannot be used; one sentence for the operator.</summary>
public sealed class InstallationKeyException(string message, Exception? inner = null) : Exception(message, inner);
