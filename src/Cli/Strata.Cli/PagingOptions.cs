using System.CommandLine;
using Strata.Cloud.Contracts;

namespace Strata.Cli;

/// <summary>The option that bounds a list; pages are fetched until it is reached.</summary>
internal sealed class PagingOptions
{
    private const int PageSize = 1000;

    private readonly Option<int> limit;

    public PagingOptions(Command command, int standard = 1000)
    {
        limit = new Option<int>("--limit") { Description = $"At most so many.", DefaultValueFactory = _ => standard };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--limit must be 1 or more.");
        });
        command.Options.Add(limit);
    }

    /// <summary>Reads pages until the limit or the end; says on standard error when there is more.</summary>
    public async Task<IReadOnlyList<T>> CollectAsync<T>(ParseResult parsed, Func<string?, int, Task<Page<T>>> page)
    {
        var wanted = parsed.GetValue(limit);
        var items = new List<T>();
        string? cursor = null;
        do
        {
            var next = await page(cursor, Math.Min(PageSize, wanted - items.Count));
            items.AddRange(next.Items);
            cursor = next.Next;
        }
        while (cursor is not null && items.Count < wanted);
        if (cursor is not null)
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"strata: there are more than {wanted}; raise --limit to see them.");
        return items;
    }
}
