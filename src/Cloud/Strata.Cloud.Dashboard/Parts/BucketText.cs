namespace Strata.Cloud.Dashboard.Parts;

/// <summary>The buckets of a fleet report for people.</summary>
internal static class BucketText
{
    public static string Of(string bucket) => bucket switch
    {
        "healthy" => "Healthy",
        "lowBattery" => "Low battery",
        "offline" => "Offline",
        "behindGateway" => "Behind a gateway that is down",
        "faulty" => "Faulty",
        "badData" => "Bad data",
        "weakSignal" => "Weak signal",
        "unstable" => "Unstable",
        "maintenance" => "In maintenance",
        "waiting" => "Never heard",
        _ => bucket,
    };
}
