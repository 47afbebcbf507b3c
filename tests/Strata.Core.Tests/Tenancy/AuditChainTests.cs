using Strata.Core.Tenancy;

namespace Strata.Core.Tests.Tenancy;

/// <summary>What is hashed, by another program: a chain stays readable by every later version.</summary>
public sealed class AuditChainTests
{
    [Fact]
    public void A_link_is_the_SHA_256_of_the_hash_before_its_number_and_every_field_with_its_length()
    {
        var entry = new AuditEntry(7, 1_234_567, "ann", "create", "device", "t-ü", null, null, """{"a":1}""", "127.0.0.1", "done");
        var link = AuditChain.Link(AuditChain.Begin(TenantId.Parse("acme")), 1, entry);
        Assert.Equal("f816c6bb9c6cef88ccc0eee3eeb3b2daa80797f992cf32fee11734aa02223029", Convert.ToHexStringLower(link));
    }
}
