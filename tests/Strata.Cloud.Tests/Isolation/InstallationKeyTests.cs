using System.Security.Cryptography;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Isolation;

/// <summary>What is promised of every provider of the installation's key.</summary>
public abstract class InstallationKeyTests : IDisposable
{
    private protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private protected string Folder { get; } = Directory.CreateTempSubdirectory("strata-key-").FullName;

    [Fact]
    public async Task What_was_wrapped_is_unwrapped_for_whom_it_was_after_a_rotation_and_by_another_process_until_the_key_is_destroyed()
    {
        var provider = Open();
        var key = RandomNumberGenerator.GetBytes(SealedField.KeyLength);
        var first = await provider.CurrentAsync(Cancelled);
        var wrapped = await provider.WrapAsync(first, key, "acme 1", Cancelled);
        Assert.Equal(-1, wrapped.AsSpan().IndexOf(key));
        Assert.Equal(key, await provider.UnwrapAsync(first, wrapped, "acme 1", Cancelled));
        await Assert.ThrowsAsync<InstallationKeyException>(async () => await provider.UnwrapAsync(first, wrapped, "other 1", Cancelled));

        var second = await provider.RotateAsync(Cancelled);
        Assert.NotEqual(first, second);
        provider = Open();
        Assert.Equal(second, await provider.CurrentAsync(Cancelled));
        Assert.Equal(key, await provider.UnwrapAsync(first, wrapped, "acme 1", Cancelled));

        await provider.DestroyAsync(first, Cancelled);
        var gone = await Assert.ThrowsAsync<InstallationKeyException>(async () => await Open().UnwrapAsync(first, wrapped, "acme 1", Cancelled));
        Assert.Contains(first, gone.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        Directory.Delete(Folder, recursive: true);
    }

    private protected abstract IInstallationKey Open();
}

public sealed class InstallationKeyFileTests : InstallationKeyTests
{
    private string KeyFile => Path.Combine(Folder, "installation.key");

    [Fact]
    public void A_file_that_others_may_read_or_that_holds_something_else_is_refused()
    {
        _ = Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(KeyFile, "something else\n");
        Assert.Contains("backup", Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
    }

    private protected override IInstallationKey Open() => InstallationKeyFile.LoadOrCreate(KeyFile);
}

/// <summary>A program of a few lines, as an operator would write it around a hardware module.</summary>
public sealed class InstallationKeyCommandTests : InstallationKeyTests
{
    private const string Program = """
        #!/bin/bash
        set -e -o pipefail
        keys="$(dirname "$0")/keys"; mkdir -p "$keys"
        fresh() { id="k$(openssl rand -hex 6)"; openssl rand -hex 32 >"$keys/$id"; echo "$id" >"$keys/current"; echo "$id"; }
        known() { [ -f "$keys/$1" ] || { echo "there is no key $1" >&2; exit 1; }; }
        case "$1" in
            current) [ -f "$keys/current" ] && cat "$keys/current" || fresh ;;
            rotate) fresh ;;
            wrap) known "$2"; read -r place; read -r data; printf '%s\n%s' "$place" "$data" | openssl enc -aes-256-cbc -pbkdf2 -pass "file:$keys/$2" -a -A ;;
            unwrap) known "$2"; read -r place; read -r data
                plain=$(printf %s "$data" | openssl enc -d -aes-256-cbc -pbkdf2 -pass "file:$keys/$2" -a -A)
                [ "${plain%%$'\n'*}" = "$place" ] || { echo "it is somebody else's" >&2; exit 1; }
                printf %s "${plain#*$'\n'}" ;;
            destroy) known "$2"; rm "$keys/$2" ;;
        esac
        """;

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        var failure = await Assert.ThrowsAsync<InstallationKeyException>(async () => await new InstallationKeyCommand("/nowhere/keys", TimeProvider.System).CurrentAsync(Cancelled));
        Assert.Contains("/nowhere/keys", failure.Message, StringComparison.Ordinal);
    }

    private protected override IInstallationKey Open()
    {
        var path = Path.Combine(Folder, "keys.sh");
        if (!File.Exists(path))
        {
            File.WriteAllText(path, Program);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        return new InstallationKeyCommand(path, TimeProvider.System);
    }
}

public sealed class TenantGatesTests
{
    private static readonly TenantId Acme = TenantId.Parse("acme");

    [Fact]
    public async Task Who_holds_waits_for_those_inside_and_lets_nobody_of_the_tenant_in()
    {
        var gates = new TenantGates(TimeProvider.System);
        await gates.EnterAsync(Acme, TestContext.Current.CancellationToken);
        var holding = gates.HoldAsync(Acme, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.False(holding.IsCompleted);
        gates.Leave(Acme);
        using (await holding)
        {
            var entering = gates.EnterAsync(Acme, TestContext.Current.CancellationToken);
            Assert.False(entering.IsCompleted);
            await gates.EnterAsync(TenantId.Parse("other"), TestContext.Current.CancellationToken);
            (await holding).Dispose();
            await entering;
        }
    }

    [Fact]
    public async Task Who_waits_too_long_for_those_inside_opens_the_gate_again()
    {
        var gates = new TenantGates(TimeProvider.System);
        await gates.EnterAsync(Acme, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<TimeoutException>(() => gates.HoldAsync(Acme, TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken));
        await gates.EnterAsync(Acme, TestContext.Current.CancellationToken);
    }
}
