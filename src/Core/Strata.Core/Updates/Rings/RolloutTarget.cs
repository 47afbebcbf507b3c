using Strata.Core.Devices;

namespace Strata.Core.Updates.Rings;

/// <summary>A device that an update is meant for, with what makes it like others.</summary>
/// <param name="Site">Its place as a path; null while it is nowhere.</param>
/// <param name="Hardware">The revision of its board; null when nobody said.</param>
/// <param name="Gateway">Through which it is heard; null for the cloud itself.</param>
public sealed record RolloutTarget(DeviceId Id, string? Site, string? Model, string? Hardware, string? Gateway)
{
    /// <summary>The first segments of its place.</summary>
    public string SiteAt(int depth)
    {
        var path = Site ?? "";
        var end = -1;
        for (var i = 0; i < depth; i++)
        {
            end = path.IndexOf('/', end + 1);
            if (end < 0)
                return path;
        }
        return path[..end];
    }
}
