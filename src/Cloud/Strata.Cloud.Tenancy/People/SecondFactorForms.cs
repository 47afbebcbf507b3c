using Microsoft.AspNetCore.Http;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;

namespace Strata.Cloud.Tenancy.People;

/// <summary>The forms of <see cref="SecondFactorPages"/>.</summary>
internal static class SecondFactorForms
{
    private static readonly Problem Stale = new(ProblemKind.Invalid, "The form was open for too long, or in another browser; begin again.");

    /// <summary>Goes on after a right password: to the second page, or in.</summary>
    public static async Task<IResult> ContinueAsync(UserRow user, string? tenant, string? returnUrl, HttpContext context, SignIn signIn, SecondFactors factors, Func<Problem, IResult> refused)
    {
        var next = PeoplePages.LocalPath(returnUrl);
        switch (signIn.NextOf(user, tenant))
        {
            case SignInStep.AskSecondFactor:
                return SecondFactorPages.Ask(context, signIn.Pend(user, tenant, next), null);
            case SignInStep.SetUpSecondFactor:
                return SecondFactorPages.SetUpAtSignIn(context, signIn.Pend(user, tenant, next), factors.Begin(user), null);
            default:
                var opened = await signIn.EnterAsync(user, tenant, context);
                return opened.IsOk ? Results.LocalRedirect(next) : refused(opened.Problem);
        }
    }

    /// <summary><c>POST /login/second-factor</c>.</summary>
    public static async Task<IResult> AnswerAsync(HttpContext context, SignIn signIn, SecondFactors factors)
    {
        if (!await PeoplePages.IsOursAsync(context) || signIn.Pending(context.Request.Form["ticket"]) is not { } pending)
            return PeoplePages.Login(context, Stale);
        var right = await factors.CheckAsync(pending.User, context.Request.Form["code"], context);
        if (!right.IsOk)
            return SecondFactorPages.Ask(context, context.Request.Form["ticket"].ToString(), right.Problem);
        var opened = await signIn.EnterAsync(pending.User, pending.Tenant, context, withSecondFactor: true);
        return opened.IsOk ? Results.LocalRedirect(pending.Next) : PeoplePages.Login(context, opened.Problem);
    }

    /// <summary><c>POST /login/second-factor/set-up</c>.</summary>
    public static async Task<IResult> SetUpAtSignInAsync(HttpContext context, SignIn signIn, SecondFactors factors)
    {
        if (!await PeoplePages.IsOursAsync(context) || signIn.Pending(context.Request.Form["ticket"]) is not { } pending)
            return PeoplePages.Login(context, Stale);
        var form = context.Request.Form;
        var codes = await factors.ConfirmAsync(pending.User, form["enrolment"], form["code"], null, context);
        if (!codes.IsOk)
            return SecondFactorPages.SetUpAtSignIn(context, form["ticket"].ToString(), factors.Begin(pending.User, form["enrolment"]), codes.Problem);
        var opened = await signIn.EnterAsync(pending.User, pending.Tenant, context, withSecondFactor: true);
        return opened.IsOk ? SecondFactorPages.Codes(context, codes.Value, pending.Next) : PeoplePages.Login(context, opened.Problem);
    }

    /// <summary><c>GET /account/second-factor</c>.</summary>
    public static IResult Show(HttpContext context, SignIn signIn, SecondFactors factors) =>
        signIn.UserOf(context) is { } own ? Show(context, own.User, factors, null) : Results.LocalRedirect("/");

    /// <summary><c>POST /account/second-factor</c>.</summary>
    public static async Task<IResult> ChangeAsync(HttpContext context, SignIn signIn, SecondFactors factors)
    {
        if (signIn.UserOf(context) is not { } own)
            return Results.LocalRedirect("/");
        if (!await PeoplePages.IsOursAsync(context))
            return Show(context, own.User, factors, Stale);
        var form = context.Request.Form;
        switch (form["action"])
        {
            case "set-up":
                var codes = await factors.ConfirmAsync(own.User, form["enrolment"], form["code"], own.Session, context);
                return codes.IsOk ? SecondFactorPages.Codes(context, codes.Value, "/account/second-factor") : Show(context, own.User, factors, codes.Problem, form["enrolment"]);
            case "recovery-codes":
                var right = await factors.CheckAsync(own.User, form["code"], context);
                var renewed = right.IsOk ? await factors.RenewCodesAsync(own.User, context) : right.Problem;
                return renewed.IsOk ? SecondFactorPages.Codes(context, renewed.Value, "/account/second-factor") : Show(context, own.User, factors, renewed.Problem);
            default:
                return Show(context, own.User, factors, await SwitchOffAsync(own.User, form["password"], form["code"], context, signIn, factors));
        }
    }

    private static async Task<Problem?> SwitchOffAsync(UserRow user, string? password, string? code, HttpContext context, SignIn signIn, SecondFactors factors)
    {
        var known = await signIn.CheckAsync(user.Email, password, context, context.RequestAborted);
        if (!known.IsOk)
            return known.Problem;
        var right = await factors.CheckAsync(user, code, context);
        if (!right.IsOk)
            return right.Problem;
        var removed = await factors.RemoveAsync(user, factors.CallerOf(user, context), context.RequestAborted);
        return removed.IsOk ? null : removed.Problem;
    }

    private static IResult Show(HttpContext context, UserRow user, SecondFactors factors, Problem? problem, string? enrolment = null) => factors.IsOn(user.Id)
        ? SecondFactorPages.Show(context, factors.RecoveryCodesLeft(user.Id), problem)
        : SecondFactorPages.SetUp(context, factors.Begin(user, enrolment), problem);
}
