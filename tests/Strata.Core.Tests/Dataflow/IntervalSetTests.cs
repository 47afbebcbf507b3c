using CsCheck;
using Strata.Core.Dataflow;

namespace Strata.Core.Tests.Dataflow;

public sealed class IntervalSetTests
{
    [Fact]
    public void It_behaves_like_a_set_of_numbers_and_stays_sorted_disjoint_and_merged() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 10], Gen.Int[0, 3]).Array[0, 40].Sample(steps =>
        {
            var (set, naive) = (new IntervalSet(), new SortedSet<long>());
            foreach (var (first, length, kind) in steps)
            {
                var numbers = Enumerable.Range(first, length).Select(n => (long)n);
                if (kind == 0)
                {
                    set.Remove(first, first + length - 1);
                    naive.ExceptWith(numbers);
                }
                else if (kind == 1)
                {
                    Assert.Equal(naive.Add(first), set.Add(first));
                }
                else
                {
                    set.Add(first, first + length - 1);
                    naive.UnionWith(numbers);
                }
            }
            Assert.Equal(naive, set.Intervals.SelectMany(i => Enumerable.Range((int)i.First, (int)(i.Last - i.First + 1)).Select(n => (long)n)));
            Assert.Equal(naive.Count, set.Total);
            Assert.All(set.Intervals.Zip(set.Intervals.Skip(1)), pair => Assert.True(pair.First.Last + 1 < pair.Second.First));
            var missing = set.Missing(5, 50).SelectMany(i => Enumerable.Range((int)i.First, (int)(i.Last - i.First + 1)).Select(n => (long)n));
            Assert.Equal(Enumerable.Range(5, 46).Select(n => (long)n).Where(n => !naive.Contains(n)), missing);
            Assert.All(Enumerable.Range(0, 80), n => Assert.Equal(naive.Contains(n), set.Contains(n)));
            set.Clear();
            Assert.True(set.IsEmpty);
        });
}
