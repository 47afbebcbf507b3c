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

    public async ValueTask InitializeAsync()
    {
        if (Directory.Exists(Path.Combine(Folder, "node_modules", "mqtt")))
            return;
        try
        {
            var npm = ForeignTool.Start("/usr/bin/env", "npm", "ci", "--prefix", Folder, "--no-audit", "--no-fund");
            using (npm)
            {
                var output = npm.StandardOutput.ReadToEndAsync();
                var errors = npm.StandardError.ReadToEndAsync();
                await npm.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System);
                if (npm.ExitCode != 0)
                    missing = $"npm ci failed: {await output} {await errors}";
            }
        }
        catch (Exception fault) when (fault is TimeoutException or System.ComponentModel.Win32Exception)
        {
            missing = $"npm ci failed: {fault.Message}";
        }
    }

    public ValueTask DisposeAsync() => default;
}
