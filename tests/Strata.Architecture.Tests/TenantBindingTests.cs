using System.Text.RegularExpressions;

namespace Strata.Architecture.Tests;

/// <summary>Choosing the tenant of a database transaction happens in one place.</summary>
public sealed partial class TenantBindingTests
{
    private const string OnlyPlace = "TenantBinding.cs";

    [Fact]
    public void Nothing_but_the_binding_sets_the_tenant_of_a_transaction()
    {
        var files = Repository.Sources("src").Where(f => Setting().IsMatch(File.ReadAllText(f))).Select(Path.GetFileName);
        Assert.Equal([OnlyPlace], files);
    }

    [GeneratedRegex(@"set_config\s*\(|\bSET\s+(LOCAL\s+|SESSION\s+)?""?strata\.", RegexOptions.IgnoreCase)]
    private static partial Regex Setting();
}
