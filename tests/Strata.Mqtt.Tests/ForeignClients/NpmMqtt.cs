namespace Strata.Mqtt.Tests.ForeignClients;

/// <summary>npm's mqtt package, installed once beside the tests from its lock file.</summary>
public sealed class NpmMqtt : IAsyncLifetime
{
    private string? missing;

    public static string Folder => Path.Combine(AppContext.BaseDirectory, "npm");

    /// <summary>Skips, or fails where CI=true, when it could not be installed.</summary>
    public void Require()
    {
        if (missing is not null)
            ForeignTool.Missing(missing);
    }

    public async ValueTask InitializeAsync() => missing = await InstallAsync(Folder);

    public ValueTask DisposeAsync() => default;

    /// <summary>Installs what the lock file of a folder names, with the mqtt package, unless it is there. Gives why it could not.</summary>
    public static async Task<string?> InstallAsync(string folder)
    {
        if (Directory.Exists(Path.Combine(folder, "node_modules", "mqtt")))
            return null;
        try
        {
            var npm = ForeignTool.Start("/usr/bin/env", "npm", "ci", "--prefix", folder, "--no-audit", "--no-fund");
            using (npm)
            {
                var output = npm.StandardOutput.ReadToEndAsync();
                var errors = npm.StandardError.ReadToEndAsync();
                await npm.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System);
                return npm.ExitCode == 0 ? null : $"npm ci failed: {await output} {await errors}";
            }
        }
        catch (Exception fault) when (fault is TimeoutException or System.ComponentModel.Win32Exception)
        {
            return $"npm ci failed: {fault.Message}";
        }
    }
}
