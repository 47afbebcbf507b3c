using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Strata.Core;

namespace Strata.Node.Reads;

/// <summary>Refuses query parameters that an endpoint does not know: a misspelt filter must not be answered as if there were none.</summary>
public static class AcceptedParameters
{
    public static RouteHandlerBuilder AcceptsOnly(this RouteHandlerBuilder endpoint, params string[] names) =>
        endpoint.AddEndpointFilter(async (context, next) =>
        {
            foreach (var name in context.HttpContext.Request.Query.Keys)
            {
                if (!names.Contains(name, StringComparer.OrdinalIgnoreCase))
                    return ProblemResults.Of(new Problem(
                        ProblemKind.Invalid, $"There is no parameter '{(name.Length > 40 ? name[..40] + "..." : name)}' here; accepted are {string.Join(", ", names)}.", name));
            }
            return await next(context);
        });

    /// <summary>The names are those that the properties of <typeparamref name="T"/> take from the query.</summary>
    internal static RouteHandlerBuilder AcceptsOnly<T>(this RouteHandlerBuilder endpoint) =>
        endpoint.AcceptsOnly([.. typeof(T).GetProperties().Select(p => p.GetCustomAttribute<FromQueryAttribute>()?.Name).OfType<string>()]);
}
