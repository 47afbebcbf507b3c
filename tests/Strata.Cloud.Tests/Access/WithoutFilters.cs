using System.Linq.Expressions;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;

namespace Strata.Cloud.Tests.Access;

/// <summary>Switches the application's own filters on tenants off, so that nothing but the database's policies is left: in the registry's queries, and in the text of the telemetry store's.</summary>
internal sealed partial class WithoutFilters : IQueryExpressionInterceptor
{
    private int queries;

    /// <summary>Queries of the registry that were compiled without their filter.</summary>
    public int Queries => queries;

    public Expression QueryCompilationStarting(Expression queryExpression, QueryExpressionEventData eventData)
    {
        Interlocked.Increment(ref queries);
        return new Roots().Visit(queryExpression);
    }

    /// <summary>The statement with every condition on the tenant taken out; the parameter stays in it.</summary>
    public static string Of(string sql) => Condition().Replace(sql, "$$1::text IS NOT NULL");

    [GeneratedRegex(@"\b(\w+\.)?tenant_id = \$1(?!\d)")]
    private static partial Regex Condition();

    private sealed class Roots : ExpressionVisitor
    {
        private static readonly System.Reflection.MethodInfo Ignore =
            typeof(EntityFrameworkQueryableExtensions).GetMethods().Single(m => m.Name == nameof(EntityFrameworkQueryableExtensions.IgnoreQueryFilters) && m.GetParameters().Length == 1);

        protected override Expression VisitExtension(Expression node) =>
            node is EntityQueryRootExpression root ? Expression.Call(Ignore.MakeGenericMethod(root.ElementType), root) : base.VisitExtension(node);
    }
}
