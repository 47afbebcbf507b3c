namespace Strata.Core.Tenancy;

/// <summary>A set of permissions. A small value; the empty set is <c>default</c>.</summary>
public readonly record struct PermissionSet
{
    private readonly ulong bits;

    private PermissionSet(ulong bits) => this.bits = bits;

    public static PermissionSet Empty => default;

    /// <summary>Every permission there is.</summary>
    public static PermissionSet All { get; } = Of([.. Permissions.All]);

    public bool IsEmpty => bits == 0;

    public static PermissionSet Of(params ReadOnlySpan<Permission> permissions)
    {
        var bits = 0UL;
        foreach (var permission in permissions)
            bits |= 1UL << (int)permission;
        return new PermissionSet(bits);
    }

    public bool Contains(Permission permission) => (bits & (1UL << (int)permission)) != 0;

    /// <summary>Whether everything in this set is also in the other.</summary>
    public bool IsSubsetOf(PermissionSet other) => (bits & ~other.bits) == 0;

    public PermissionSet With(PermissionSet other) => new(bits | other.bits);

    public PermissionSet Without(params ReadOnlySpan<Permission> permissions) => new(bits & ~Of(permissions).bits);

    /// <summary>In the order of the enumeration.</summary>
    public IEnumerable<Permission> Items => Permissions.All.Where(Contains);

    /// <summary>The names, comma-separated.</summary>
    public override string ToString() => string.Join(',', Items.Select(Permissions.NameOf));
}
