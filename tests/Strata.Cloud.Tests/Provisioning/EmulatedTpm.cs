using System.Diagnostics;
using Strata.Testing;

namespace Strata.Cloud.Tests.Provisioning;

/// <summary>A TPM 2.0 of its own (swtpm), driven by tpm2-tools.</summary>
internal sealed class EmulatedTpm : IDisposable
{
    private readonly Process process;

    private EmulatedTpm(string folder, Process process)
    {
        Folder = folder;
        this.process = process;
    }

    public string Folder { get; }

    public static async Task<EmulatedTpm> StartAsync()
    {
        var program = ForeignTool.Require("swtpm");
        ForeignTool.Require("tpm2_createek");
        ForeignTool.Require("jq");
        var folder = Directory.CreateTempSubdirectory("strata-tpm-").FullName;
        // Nothing is read from its outputs: it writes none while it works.
        var process = ForeignTool.Start(
            program, "socket", "--tpm2", "--tpmstate", $"dir={folder}", "--flags", "not-need-init,startup-clear",
            "--server", $"type=unixio,path={folder}/tpm", "--ctrl", $"type=unixio,path={folder}/tpm.ctrl");
        var tpm = new EmulatedTpm(folder, process);
        await Deadline.For(tpm.ListensAsync(), "swtpm listens");
        return tpm;
    }

    /// <summary>The public endorsement key, PEM.</summary>
    public async Task<string> EndorsementKeyAsync(string algorithm)
    {
        await ToolAsync("tpm2_createek", "-Q", "-c", "ek.ctx", "-G", algorithm, "-u", "ek.pem", "-f", "pem");
        return await File.ReadAllTextAsync(Path.Combine(Folder, "ek.pem"));
    }

    /// <summary>An attestation key below the endorsement key that was made last: its TPM2B_PUBLIC.</summary>
    public async Task<byte[]> AttestationKeyAsync()
    {
        await ToolAsync("tpm2_createek", "-Q", "-c", "ek.ctx", "-G", "rsa", "-u", "ek.pem", "-f", "pem");
        await ToolAsync("tpm2_createak", "-Q", "-C", "ek.ctx", "-c", "ak.ctx", "-G", "rsa", "-g", "sha256", "-s", "rsassa", "-u", "ak.pub", "-f", "tss");
        return await File.ReadAllBytesAsync(Path.Combine(Folder, "ak.pub"));
    }

    /// <summary>A key that signs whatever it is given: its TPM2B_PUBLIC.</summary>
    public async Task<byte[]> SigningKeyAsync()
    {
        await ToolAsync("tpm2_createprimary", "-Q", "-C", "o", "-c", "primary.ctx");
        await ToolAsync("tpm2_create", "-Q", "-C", "primary.ctx", "-G", "ecc:ecdsa-sha256", "-u", "sign.pub", "-r", "sign.priv");
        return await File.ReadAllBytesAsync(Path.Combine(Folder, "sign.pub"));
    }

    /// <summary>TPM2_ActivateCredential with both keys that were made last.</summary>
    public async Task<byte[]> OpenAsync(byte[] credential, byte[] secret)
    {
        await File.WriteAllBytesAsync(Path.Combine(Folder, "credential"), [0xBA, 0xDC, 0xC0, 0xDE, 0, 0, 0, 1, .. credential, .. secret]);
        await ToolAsync("tpm2_startauthsession", "-Q", "--policy-session", "-S", "session.ctx");
        await ToolAsync("tpm2_policysecret", "-Q", "-S", "session.ctx", "-c", "e");
        await ToolAsync("tpm2_activatecredential", "-Q", "-c", "ak.ctx", "-C", "ek.ctx", "-P", "session:session.ctx", "-i", "credential", "-o", "opened");
        await ToolAsync("tpm2_flushcontext", "session.ctx");
        return await File.ReadAllBytesAsync(Path.Combine(Folder, "opened"));
    }

    /// <summary>Signs with the attestation key.</summary>
    public async Task<byte[]> SignAsync(byte[] data)
    {
        await File.WriteAllBytesAsync(Path.Combine(Folder, "data"), data);
        await ToolAsync("tpm2_sign", "-Q", "-c", "ak.ctx", "-g", "sha256", "-f", "plain", "-o", "signature", "data");
        return await File.ReadAllBytesAsync(Path.Combine(Folder, "signature"));
    }

    /// <summary>Runs a program that finds this TPM.</summary>
    public async Task<(int Code, string Output)> RunAsync(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        start.Environment["TPM2TOOLS_TCTI"] = $"swtpm:path={Folder}/tpm";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var running = Process.Start(start)!;
        var (output, errors) = (running.StandardOutput.ReadToEndAsync(), running.StandardError.ReadToEndAsync());
        await Deadline.For(running.WaitForExitAsync(), $"{Path.GetFileName(program)} ends");
        return (running.ExitCode, await output + await errors);
    }

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task ListensAsync()
    {
        while (!File.Exists(Path.Combine(Folder, "tpm")))
        {
            if (process.HasExited)
                Assert.Fail(await process.StandardError.ReadToEndAsync());
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private async Task ToolAsync(string tool, params string[] arguments)
    {
        var (code, output) = await RunAsync(tool, arguments);
        Assert.True(code == 0, $"{tool}: {output}");
        // There is no resource manager: it has room for three keys.
        if (tool is not ("tpm2_flushcontext" or "tpm2_startauthsession" or "tpm2_policysecret"))
            await RunAsync("tpm2_flushcontext", ["-t"]);
    }
}
