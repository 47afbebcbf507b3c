using CsCheck;

namespace Strata.Core.Tests;

/// <summary>Generators that several properties use.</summary>
internal static class Generators
{
    public static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
