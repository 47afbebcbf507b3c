namespace Strata.Cloud.Contracts;

/// <summary>Which readings. Repeated devices and metrics are a union; <see cref="To"/> is exclusive.</summary>
public sealed record ReadingsQuery
{
    public IReadOnlyList<string> Devices { get; init; } = [];

    public IReadOnlyList<string> Metrics { get; init; } = [];

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    /// <summary>Bucket length as text: <c>30s</c>, <c>5m</c>, <c>1h</c>, <c>1d</c>; with <see cref="Aggregate"/>.</summary>
    public string? Every { get; init; }

    /// <summary>Functions, comma-separated, in the order wanted: avg, min, max, count, last, sum, stddev.</summary>
    public string? Aggregate { get; init; }

    /// <summary>Ask the device's gateway, for raw readings that stay there.</summary>
    public bool AtGateway { get; init; }

    public string? Cursor { get; init; }

    /// <summary>Items per page; 1,000 unless given, 10,000 at most.</summary>
    public int? Limit { get; init; }

    internal string ToPath(string path)
    {
        var parameters = new List<(string, object?)>();
        parameters.AddRange(Devices.Select(d => ("device", (object?)d)));
        parameters.AddRange(Metrics.Select(m => ("metric", (object?)m)));
        parameters.Add(("from", From));
        parameters.Add(("to", To));
        parameters.Add(("every", Every));
        parameters.Add(("aggregate", Aggregate));
        parameters.Add(("at", AtGateway ? "gateway" : null));
        parameters.Add(("cursor", Cursor));
        parameters.Add(("limit", Limit));
        return StrataClient.Query(path, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(parameters));
    }
}
