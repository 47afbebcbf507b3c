using System.Text.Json;
using Strata.Cli.Processes;

namespace Strata.Cli.Demo;

/// <summary>An agent of the demo and the folder that it keeps its books in.</summary>
/// <param name="Arguments">Of <c>strata edge</c>.</param>
/// <param name="Home">Its gateway.</param>
internal sealed record DemoAgent(StrataProcess Process, string Folder, string Model, StrataProcess Home, IReadOnlyList<string> Arguments)
{
    public DemoEdgeBooks ReadBooks()
    {
        var status = ReadStatus();
        return new DemoEdgeBooks(
            status.GetProperty("readingsIn").GetInt64(), status.GetProperty("suppressed").GetInt64(), status.GetProperty("waiting").GetInt64(), status.GetProperty("lost").GetInt64());
    }

    /// <summary>Whether it has a connection to a gateway, as it last wrote.</summary>
    public bool IsConnected() => ReadStatus().GetProperty("gateway").ValueKind == JsonValueKind.String;

    private JsonElement ReadStatus()
    {
        using var status = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "status.json")));
        return status.RootElement.Clone();
    }
}
