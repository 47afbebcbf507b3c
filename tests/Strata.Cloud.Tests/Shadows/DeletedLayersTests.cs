using System.Globalization;
using Strata.Cloud.Shadows.Configuration;
using Strata.Cloud.Shadows.Rows;

namespace Strata.Cloud.Tests.Shadows;

/// <summary>What is kept of layers that were deleted is bounded.</summary>
public sealed class DeletedLayersTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void The_last_are_kept_and_the_oldest_goes()
    {
        var known = Enumerable.Range(0, ConfigurationStore.Most).ToDictionary(Id, i => new DeletedLayerRow { TenantId = "main", Id = Id(i), Version = 7, Deleted = Start.AddSeconds(i) }, StringComparer.Ordinal);
        var (oldest, second) = (known[Id(0)], known[Id(1)]);
        var deleted = new DeletedLayers(known);
        // One that is deleted again takes nobody's place.
        Assert.Equal([((object?)second, (object?)(second with { Version = 10, Deleted = Start.AddDays(1) }))], deleted.Add([Layer(Id(1), 9)], Start.AddDays(1)));
        var rows = deleted.Add([Layer("site/new", 4)], Start.AddDays(2));
        Assert.Equal(2, rows.Count);
        Assert.Contains((oldest, null), rows);
        Assert.Equal(5, Assert.IsType<DeletedLayerRow>(Assert.Single(rows, r => r.Before is null).After).Version);
        Assert.Equal((0, 5, 10), (deleted.VersionOf(Id(0), null), deleted.VersionOf("site/new", null), deleted.VersionOf(Id(1), null)));
        Assert.Equal(3, deleted.VersionOf("site/new", Layer("site/new", 3)));
    }

    private static string Id(int i) => "device/" + i.ToString("D5", CultureInfo.InvariantCulture);

    private static ConfigurationLayerRow Layer(string id, long version) => new() { TenantId = "main", Id = id, Version = version, Content = "{}"u8.ToArray(), Updated = Start, UpdatedBy = "ada" };
}
