using System.ComponentModel;
using System.Diagnostics;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// The installation's key behind a program: <c>PROGRAM current</c> and <c>PROGRAM rotate</c> print the id of the key that wraps; <c>PROGRAM wrap ID</c> and
/// <c>PROGRAM unwrap ID</c> read two lines (the place, then the bytes in Base64) and print bytes in Base64; <c>PROGRAM destroy ID</c> prints nothing. Exit code 0 is success; what it
/// writes to standard error is shown. So a hardware module, a cloud's key service or a second person is a small script.
/// </summary>
public sealed class InstallationKeyCommand(string program, TimeProvider time) : IInstallationKey
{
    /// <summary>What one call may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>What it may print, characters.</summary>
    private const int MaxAnswer = 4_096;

    public async ValueTask<string> CurrentAsync(CancellationToken cancellationToken) => Id(await RunAsync(["current"], null, cancellationToken));

    public async ValueTask<byte[]> WrapAsync(string id, byte[] key, string place, CancellationToken cancellationToken) =>
        Bytes(await RunAsync(["wrap", id], $"{place}\n{Convert.ToBase64String(key)}\n", cancellationToken));

    public async ValueTask<byte[]> UnwrapAsync(string id, byte[] wrapped, string place, CancellationToken cancellationToken) =>
        Bytes(await RunAsync(["unwrap", id], $"{place}\n{Convert.ToBase64String(wrapped)}\n", cancellationToken));

    public async ValueTask<string> RotateAsync(CancellationToken cancellationToken) => Id(await RunAsync(["rotate"], null, cancellationToken));

    public async ValueTask DestroyAsync(string id, CancellationToken cancellationToken) => await RunAsync(["destroy", id], null, cancellationToken);

    private async Task<string> RunAsync(string[] arguments, string? input, CancellationToken cancellationToken)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false },
        };
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            process.Start();
            var (answer, complaint) = (process.StandardOutput.ReadToEndAsync(either.Token), process.StandardError.ReadToEndAsync(either.Token));
            try
            {
                await process.StandardInput.WriteAsync(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading; its exit code says whether that is wrong.
            }
            var (said, why) = (await answer, await complaint);
            await process.WaitForExitAsync(either.Token);
            if (process.ExitCode != 0)
                throw new InstallationKeyException($"'{program} {string.Join(' ', arguments)}' ended with {process.ExitCode}: {(why.Length > 300 ? why[..300] : why).Trim()}");
            return said.Length <= MaxAnswer ? said.Trim() : throw new InstallationKeyException($"'{program} {arguments[0]}' printed more than {MaxAnswer} characters.");
        }
        catch (Win32Exception e)
        {
            throw new InstallationKeyException($"The key program '{program}' cannot be started: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new InstallationKeyException($"'{program} {string.Join(' ', arguments)}' did not end within {Limit.TotalSeconds:0} seconds.", e);
        }
    }

    private string Id(string text) => text.Length is > 0 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':')
        ? text
        : throw new InstallationKeyException($"'{program}' did not print a key's id (1 to 128 letters, digits and - _ . :).");

    private byte[] Bytes(string text)
    {
        var bytes = new byte[text.Length];
        return text.Length > 0 && Convert.TryFromBase64String(text, bytes, out var length)
            ? bytes[..length]
            : throw new InstallationKeyException($"'{program}' did not print bytes in Base64.");
    }
}
