using Strata.Mqtt.Tests.ForeignClients;

namespace Strata.EndToEnd.Tests;

/// <summary>The devices of <c>samples/</c>, built as their README says.</summary>
public sealed class SampleDevices : IAsyncLifetime
{
    private readonly Dictionary<string, string?> missing = [];

    /// <summary>The command that starts one: <c>c</c> or <c>node</c>. Skips, or fails where CI=true, when its libraries are not to be had.</summary>
    public string[] Require(string language)
    {
        if (missing[language] is { } reason)
            ForeignTool.Missing(reason);
        return language == "c" ? [Path.Combine(FolderOf("device-c"), "device")] : [ForeignTool.Require("node"), Path.Combine(FolderOf("device-node"), "device.mjs")];
    }

    public async ValueTask InitializeAsync()
    {
        missing["c"] = new[] { "/usr/bin/make", "/usr/include/mosquitto.h", "/usr/include/openssl/evp.h" }.FirstOrDefault(f => !File.Exists(f)) is { } file
            ? $"{file} is not installed (make, gcc, libmosquitto-dev, libssl-dev; ./test installs them)."
            : null;
        if (missing["c"] is null)
        {
            // Its Makefile takes warnings as errors.
            var made = await Tool.RunAsync("make", ["-B", "-C", FolderOf("device-c")]);
            Assert.True(made.ExitCode == 0, made.Output + made.Error);
        }
        missing["node"] = await NpmMqtt.InstallAsync(FolderOf("device-node"));
    }

    public ValueTask DisposeAsync() => default;

    private static string FolderOf(string sample) => Path.Combine(AppContext.BaseDirectory, sample);
}
