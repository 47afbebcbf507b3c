using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Strata.Bench;

/// <summary>Prints a result and keeps it in <c>bench/results/NAME.json</c> with the machine's description.</summary>
internal static class Results
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static int Write(string name, object result)
    {
        var document = new JsonObject
        {
            ["benchmark"] = name,
            ["at"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
            ["machine"] = Machine(),
            ["result"] = JsonSerializer.SerializeToNode(result, Json),
        };
        var text = document.ToJsonString(Json);
        Console.WriteLine(text);
        var folder = Path.Combine(Directory.GetCurrentDirectory(), "bench", "results");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{name}.json"), text + "\n");
        return 0;
    }

    private static JsonObject Machine() => new()
    {
        ["cpu"] = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown",
        ["processors"] = Environment.ProcessorCount,
        ["memoryGB"] = Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9, 1),
        ["os"] = RuntimeInformation.OSDescription,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
    };
}
