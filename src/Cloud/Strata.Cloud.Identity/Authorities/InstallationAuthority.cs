using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Storage;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>
/// The root of the installation and the intermediate below it, which certifies tenants' authorities and the node's server certificate. In the folder <c>ca</c>: made when they are first needed,
/// keys wrapped with the installation's key. The root's key leaves the machine by <c>strata ca init</c>; nothing that the node does needs it, and that of a root that comes later never is here.
/// Safe for use by any number of threads.
/// </summary>
internal sealed class InstallationAuthority(string folder, IInstallationKey installation, TimeProvider time) : IWrappedKeys, IDisposable
{
    private const string RootName = "root.crt.pem";
    private const string CertificateName = "installation.crt.pem";
    private const string KeyName = "installation.key.wrapped";
    private const string NewByOldName = "root-by-previous.crt.pem";
    private const string OldByNewName = "previous-by-root.crt.pem";
    private readonly SemaphoreSlim changing = new(1, 1);
    private InstallationView? view;

    private string RootKeyFile => Path.Combine(folder, "root.key.wrapped");

    /// <summary>Whether there is one; it is made when it is first asked for.</summary>
    public bool IsThere => File.Exists(FileOf("", CertificateName));

    /// <summary>As it is, without asking the disk; null before it was first asked for.</summary>
    public InstallationView? Known => Volatile.Read(ref view);

    /// <summary>The intermediate; made with the root when there is none.</summary>
    /// <exception cref="InvalidDataException">What is kept is damaged; the message says what to do.</exception>
    /// <exception cref="InstallationKeyException">The installation's key is another.</exception>
    public async Task<SigningAuthority> GetAsync(CancellationToken cancellationToken) => (await ViewAsync(cancellationToken)).Signing;

    /// <summary>The authority and what is about to follow it; made when there is none. Throws as <see cref="GetAsync"/> does.</summary>
    public async Task<InstallationView> ViewAsync(CancellationToken cancellationToken)
    {
        if (Known is { } known)
            return known;
        await changing.WaitAsync(cancellationToken);
        try
        {
            if (view is null && !IsThere)
                await MakeAsync(cancellationToken);
            return view ??= await ReadAsync(AuthorityGenerations.Read(folder), cancellationToken);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>The root's key as PKCS #8 PEM; null when it has left this machine.</summary>
    public async Task<string?> RootKeyAsync(CancellationToken cancellationToken)
    {
        await GetAsync(cancellationToken);
        if (!File.Exists(RootKeyFile))
            return null;
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(await UnwrapAsync(RootKeyFile, cancellationToken), out _);
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>Destroys this machine's copy of the root's key.</summary>
    public async Task ForgetRootKeyAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            File.Delete(RootKeyFile);
            SafeFiles.SyncFolder(folder);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>The request (PKCS #10, PEM) for the next intermediate, whose key is made and stays here. The same one until it is answered.</summary>
    public async Task<Outcome<string>> RequestAsync(CancellationToken cancellationToken)
    {
        var known = await ViewAsync(cancellationToken);
        if (File.Exists(RootKeyFile))
            return new Problem(ProblemKind.Conflict, "The root's key is still on this node; a roll-over is signed by it off the node: take it away first (strata ca init --root-out DIR).");
        await changing.WaitAsync(cancellationToken);
        try
        {
            known = view!;
            if (known.IsRolling)
                return new Problem(ProblemKind.Conflict, "A roll-over is under way; the next one begins when it has ended.");
            if (known.State.Next is not { } next)
            {
                next = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
                Directory.CreateDirectory(Path.Combine(folder, next), SafeFiles.OwnerOnly | UnixFileMode.UserExecute);
                using var made = CertificateMaker.NewKey();
                await WrapAsync(FileOf(next, KeyName), made.ExportPkcs8PrivateKey(), cancellationToken);
                Become(known with { State = known.State with { Next = next } });
            }
            using var key = await KeyAsync(next, cancellationToken);
            return new CertificateRequest(CertificateMaker.Name($"Strata installation {next}", null), key, HashAlgorithmName.SHA256).CreateSigningRequestPem() + "\n";
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Takes the next intermediate into use, and with it its root: from now on it certifies, and the one before is known as such.</summary>
    /// <param name="signed">PEM: what was signed off the node.</param>
    public async Task<Outcome<InstallationView>> BeginAsync(string signed, CancellationToken cancellationToken)
    {
        await ViewAsync(cancellationToken);
        await changing.WaitAsync(cancellationToken);
        try
        {
            var (state, now) = (view!.State, time.GetUtcNow());
            if (state.Next is not { } next)
                return new Problem(ProblemKind.Conflict, "Nothing was asked for: begin with 'strata ca rollover run --installation --request FILE'.", "certificates");
            using var key = await KeyAsync(next, cancellationToken);
            var read = SignedRollover.Read(signed, key.ExportSubjectPublicKeyInfo(), view.Root, now);
            if (!read.IsOk)
                return read.Problem;
            Write(FileOf(next, RootName), read.Value.Root ?? view.Root);
            if (read.Value is { NewByOld: { } newByOld, OldByNew: { } oldByNew })
            {
                Write(FileOf(next, NewByOldName), newByOld);
                Write(FileOf(next, OldByNewName), oldByNew);
            }
            Write(FileOf(next, CertificateName), read.Value.Intermediate);
            var begun = state with { Current = next, Next = null, Previous = state.Current, Begun = now };
            return Become(await ReadAsync(begun, cancellationToken));
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Ends the roll-over: what was before is trusted no more, and its key is destroyed.</summary>
    public async Task<InstallationView> EndAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            if (view is not { Previous: { } before, State: { Previous: { } previous } state })
                return view!;
            var root = CertificateMaker.KeyIdOf(view.PreviousRoot!);
            var retired = new RetiredAuthority(before.SerialNumber.ToLowerInvariant(), root, time.GetUtcNow());
            Become(view with { State = state with { Previous = null, Retired = [.. state.Retired, retired] }, Previous = null, PreviousRoot = null, NewByOld = null, OldByNew = null });
            File.Delete(FileOf(previous, KeyName));
            return view;
        }
        finally
        {
            changing.Release();
        }
    }

    public async Task<IReadOnlyCollection<string>> WrapAnewAsync(string current, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var before = new HashSet<string>();
            foreach (var file in AuthorityGenerations.Read(folder).All.Select(g => FileOf(g, KeyName)).Prepend(RootKeyFile).Where(File.Exists))
            {
                var (id, _) = Split(file, await File.ReadAllBytesAsync(file, cancellationToken));
                if (id == current)
                    continue;
                before.Add(id);
                await WrapAsync(file, await UnwrapAsync(file, cancellationToken), cancellationToken);
            }
            return before;
        }
        finally
        {
            changing.Release();
        }
    }

    public void Dispose() => changing.Dispose();

    private InstallationView Become(InstallationView next)
    {
        next.State.Write(folder); // With it the step is made.
        Volatile.Write(ref view, next);
        return next;
    }

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder, SafeFiles.OwnerOnly | UnixFileMode.UserExecute);
        var now = time.GetUtcNow();
        var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3));
        var root = CertificateMaker.Root($"Strata root {mark}", now);
        var intermediate = CertificateMaker.Intermediate(root, $"Strata installation {mark}", null, below: 1, CertificateTerms.Root, now);
        await WrapAsync(RootKeyFile, root.Key.ExportPkcs8PrivateKey(), cancellationToken);
        await WrapAsync(FileOf("", KeyName), intermediate.Key.ExportPkcs8PrivateKey(), cancellationToken);
        Write(FileOf("", RootName), root.Certificate);
        Write(FileOf("", CertificateName), intermediate.Certificate); // Last: with it there is an authority.
    }

    private async Task<InstallationView> ReadAsync(AuthorityGenerations state, CancellationToken cancellationToken)
    {
        try
        {
            X509Certificate2 Load(string generation, string name) => X509CertificateLoader.LoadCertificateFromFile(FileOf(generation, name));
            X509Certificate2? LoadIf(string name) => state.Previous is not null && File.Exists(FileOf(state.Current, name)) ? Load(state.Current, name) : null;
            var key = await KeyAsync(state.Current, cancellationToken);
            return new InstallationView(
                state, new SigningAuthority(Load(state.Current, CertificateName), key, [Load(state.Current, RootName)]),
                state.Previous is { } one ? Load(one, CertificateName) : null, state.Previous is { } other ? Load(other, RootName) : null, LoadIf(NewByOldName), LoadIf(OldByNewName));
        }
        catch (Exception e) when (e is CryptographicException or IOException)
        {
            throw new InvalidDataException($"The certificate authority in {folder} cannot be read ({e.Message}); restore the folder from a backup. Without it no certificate can be issued or renewed.", e);
        }
    }

    private async Task<ECDsa> KeyAsync(string generation, CancellationToken cancellationToken)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(await UnwrapAsync(FileOf(generation, KeyName), cancellationToken), out _);
        return key;
    }

    private string FileOf(string generation, string name) => Path.Combine(folder, generation, name);

    private async Task WrapAsync(string file, byte[] key, CancellationToken cancellationToken)
    {
        var id = await installation.CurrentAsync(cancellationToken);
        var wrapped = await installation.WrapAsync(id, key, Place(file), cancellationToken);
        CryptographicOperations.ZeroMemory(key);
        SafeFiles.Replace(file, [.. System.Text.Encoding.ASCII.GetBytes(id + "\n"), .. wrapped], RandomAccess.FlushToDisk);
    }

    private async Task<byte[]> UnwrapAsync(string file, CancellationToken cancellationToken)
    {
        var (id, wrapped) = Split(file, await File.ReadAllBytesAsync(file, cancellationToken));
        return await installation.UnwrapAsync(id, wrapped, Place(file), cancellationToken);
    }

    private static (string Id, byte[] Wrapped) Split(string file, byte[] content)
    {
        var end = Array.IndexOf(content, (byte)'\n');
        return end > 0
            ? (System.Text.Encoding.ASCII.GetString(content, 0, end), content[(end + 1)..])
            : throw new InvalidDataException($"{file} holds no wrapped key; restore it from a backup.");
    }

    private string Place(string file) => $"strata authority {Path.GetRelativePath(folder, file)}";

    private static void Write(string file, X509Certificate2 certificate) => SafeFiles.Replace(file, System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"), RandomAccess.FlushToDisk);
}
