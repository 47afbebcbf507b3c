using System.Security.Cryptography;

namespace Strata.Edge.Identity;

/// <summary>
/// A key in a token (PKCS #11, a URI by RFC 7512): it signs there, and no file ever holds it. By OpenSSL's pkcs11 provider, or its engine where there is no provider. Which module they load is
/// theirs to know: p11-kit's, or that of the variables PKCS11_PROVIDER_MODULE and PKCS11_MODULE_PATH.
/// </summary>
internal sealed class TokenKey : IDisposable
{
    private const string Scheme = "pkcs11:";
    private const string Component = "pkcs11";
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    // OpenSSL's numbers: the part that found the fault, and ENGINE_R_NO_SUCH_ENGINE.
    private const int CryptoPart = 15;
    private const int EnginePart = 38;
    private const int ObjectPart = 37;
    private const int NoSuchEngine = 116;
    private readonly SafeEvpPKeyHandle handle;

    private TokenKey(SafeEvpPKeyHandle handle) => this.handle = handle;

    /// <summary>Whether the text is a token's key rather than a file's name.</summary>
    public static bool IsUri(string text) => text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Finds the key, with the PIN of the file that the URI names.</summary>
    /// <param name="option">Which option the URI is of, for messages.</param>
    /// <exception cref="EdgeConfigurationException">There is no such key, the PIN is wrong, or what leads to tokens is not installed; the message says what to do.</exception>
    public static TokenKey Open(string uri, string option)
    {
        var pin = CheckPin(uri, option);
        try
        {
            return OfElliptic(SafeEvpPKeyHandle.OpenKeyFromProvider(Component, uri), option);
        }
        catch (CryptographicException provider)
        {
            try
            {
                return OfElliptic(SafeEvpPKeyHandle.OpenPrivateKeyFromEngine(Component, uri), option);
            }
            catch (CryptographicException engine)
            {
                throw Explained(provider, engine, pin, option);
            }
        }
    }

    /// <summary>The key to sign with; the caller's to give back.</summary>
    public ECDsa Create() => new ECDsaOpenSsl(handle);

    public void Dispose() => handle.Dispose();

    private static TokenKey OfElliptic(SafeEvpPKeyHandle handle, string option)
    {
        try
        {
            using var key = new ECDsaOpenSsl(handle);
            return new TokenKey(handle);
        }
        catch (CryptographicException wrong)
        {
            handle.Dispose();
            throw new EdgeConfigurationException($"{option}: the token's key is no ECDSA key; make one on the curve P-256.", wrong);
        }
    }

    /// <summary>A PIN on the command line would be seen by everybody on the machine; without one the token would ask a terminal that is not there.</summary>
    private static string CheckPin(string uri, string option)
    {
        if (!IsUri(uri))
            throw new EdgeConfigurationException($"{option}: '{uri}' is no PKCS #11 URI; write pkcs11:token=NAME;object=NAME;type=private?pin-source=file:/PATH.");
        var attributes = uri.Split('?', 2) is [_, var query] ? query.Split('&') : [];
        if (uri.Contains("pin-value", StringComparison.OrdinalIgnoreCase))
            throw new EdgeConfigurationException($"{option}: a PIN in the URI is seen by everybody on this machine; write it to a file (0600) and name that: pin-source=file:/PATH.");
        if (attributes.FirstOrDefault(a => a.StartsWith("pin-source=", StringComparison.Ordinal)) is not { } source)
            throw new EdgeConfigurationException($"{option}: the URI names no PIN; end it with ?pin-source=file:/PATH, a file (0600) with the token's PIN.");
        var path = Uri.UnescapeDataString(source["pin-source=".Length..]);
        path = path.StartsWith("file:", StringComparison.Ordinal) ? path["file:".Length..] : path;
        try
        {
            if ((File.GetUnixFileMode(path) & Others) != 0)
                throw new EdgeConfigurationException($"{option}: {path} holds a PIN and others than its owner may read it; chmod 600 {path}.");
            return File.ReadAllText(path) is { Length: > 0 } content && !content.EndsWith('\n')
                ? path
                : throw new EdgeConfigurationException($"{option}: {path} is empty or ends with a line's end, which would be taken for a part of the PIN; write it by printf %s PIN > {path}.");
        }
        catch (Exception reason) when (reason is IOException or UnauthorizedAccessException)
        {
            throw new EdgeConfigurationException($"{option}: the PIN cannot be read: {reason.Message}", reason);
        }
    }

    private static EdgeConfigurationException Explained(CryptographicException provider, CryptographicException engine, string pin, string option)
    {
        var (providerIsThere, engineIsThere) = (Part(provider) is not (CryptoPart or ObjectPart), !(Part(engine) == EnginePart && (engine.HResult & 0x7FFFFF) == NoSuchEngine));
        return new EdgeConfigurationException(
            providerIsThere || engineIsThere
                ? $"{option}: the token does not give the key. What OpenSSL's {(engineIsThere ? "engine" : "provider")} wrote above says which it is: a PIN that is wrong (in {pin}; a token locks itself after some tries), a token or an object of "
                    + "that name that is not there, or a module that cannot be loaded (p11-kit list-modules shows those that can; PKCS11_MODULE_PATH names another)."
                : $"{option}: OpenSSL knows no way to tokens here; install libengine-pkcs11-openssl (Debian 12, Ubuntu 24.04) or pkcs11-provider (Debian 13 and newer).",
            engineIsThere ? engine : provider);
    }

    private static int Part(CryptographicException reason) => (reason.HResult >> 23) & 0xFF;
}
