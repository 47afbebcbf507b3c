using Microsoft.Extensions.Options;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>The typed client of the node that serves these pages.</summary>
internal sealed class NodeApi
{
    public NodeApi(HttpClient http, IOptions<DashboardOptions> options)
    {
        http.BaseAddress = options.Value.BaseAddress();
        Client = new StrataClient(http, options.Value.Token());
    }

    public StrataClient Client { get; }
}
