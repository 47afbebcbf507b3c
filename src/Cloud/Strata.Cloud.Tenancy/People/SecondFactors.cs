using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using OtpNet;
using QRCoder;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy.People;

/// <summary>A second factor that is being set up.</summary>
/// <param name="Ticket">Carries it until a code confirms it; nothing is kept before.</param>
/// <param name="Key">For typing in.</param>
/// <param name="Picture">The same as a QR code, SVG.</param>
internal sealed record Enrolment(string Ticket, string Key, string Picture);

/// <summary>Second factors of users: codes of six digits by the clock, one step of 30 s early or late, each good once; and recovery codes.</summary>
internal sealed class SecondFactors(PeopleStore people, SignInAttempts attempts, SealedBox box, TimeProvider time)
{
    private const string SecretPurpose = "second-factor";
    private const string EnrolmentPurpose = "second-factor.enrolment";
    private const int SecretLength = 20;

    private static readonly TimeSpan EnrolWithin = TimeSpan.FromMinutes(15);
    private static readonly VerificationWindow Window = new(previous: 1, future: 1);
    private static readonly Problem Wrong = new(ProblemKind.Unauthenticated, "The code is wrong, too old or was used already; take the next one. A recovery code is good once.", "code");

    public bool IsOn(string user) => people.FindSecondFactor(user) is not null;

    public int RecoveryCodesLeft(string user) => people.FindSecondFactor(user) is { } row ? RecoveryCodes.Left(row.RecoveryHashes) : 0;

    /// <summary>Begins the set-up.</summary>
    /// <param name="ticket">That of a try before, so that the picture stays the same; null for a new one.</param>
    public Enrolment Begin(UserRow user, string? ticket = null)
    {
        var secret = Redeem(user, ticket) ?? RandomNumberGenerator.GetBytes(SecretLength);
        var key = Base32Encoding.ToString(secret).TrimEnd('=');
        var uri = new OtpUri(OtpType.Totp, key, user.Email, "Strata").ToString();
        using var generator = new QRCodeGenerator();
        using var code = generator.CreateQrCode(uri, QRCodeGenerator.ECCLevel.M);
        using var picture = new SvgQRCode(code);
        return new Enrolment(
            box.Issue(EnrolmentPurpose, new Pending(user.Id, secret), EnrolWithin), string.Join(' ', key.Chunk(4).Select(c => new string(c))),
            picture.GetGraphic(4, "#000000", "#ffffff", true, SvgQRCode.SizingMode.ViewBoxAttribute));
    }

    /// <summary>Sets the factor up when the code is right.</summary>
    /// <param name="session">That of who asks, which has shown its second factor then; null at a sign-in.</param>
    /// <returns>The recovery codes; they are not to be had again.</returns>
    public async Task<Outcome<IReadOnlyList<string>>> ConfirmAsync(UserRow user, string? ticket, string? code, SessionRow? session, HttpContext context)
    {
        if (Redeem(user, ticket) is not { } secret)
            return new Problem(ProblemKind.Invalid, "The set-up was open for too long; begin again with the new picture.", "code");
        if (attempts.MustWaitForCode(user.Email, context) is { } wait)
            return wait;
        if (StepOf(secret, code) is not { } step)
        {
            await attempts.CodeFailedAsync(user, context);
            return Wrong;
        }
        var (codes, hashes) = RecoveryCodes.Create();
        return await people.ChangeAsync<IReadOnlyList<string>>(
            CallerOf(user, context),
            now =>
            {
                if (IsOn(user.Id))
                    return new Problem(ProblemKind.Conflict, "The account has a second factor already; switch it off before setting up another one.", "code");
                var row = new SecondFactorRow { UserId = user.Id, Secret = box.Seal(SecretPurpose, secret), LastStep = step, RecoveryHashes = hashes, Created = now };
                List<(object?, object?)> rows = [(null, row)];
                if (session is not null && people.FindSession(session.Id) is { } before)
                    rows.Add((before, before with { SecondFactor = true }));
                return new PeopleChange<IReadOnlyList<string>>(codes, rows, new PeopleAudit("create", "second-factor", user.Email));
            },
            context.RequestAborted);
    }

    /// <summary>Takes a code of the clock or a recovery code, once.</summary>
    public async Task<Outcome<bool>> CheckAsync(UserRow user, string? code, HttpContext context)
    {
        if (attempts.MustWaitForCode(user.Email, context) is { } wait)
            return wait;
        var outcome = await people.ChangeAsync<bool>(CallerOf(user, context), _ => Use(user, code ?? ""), context.RequestAborted);
        if (!outcome.IsOk && outcome.Problem == Wrong)
            await attempts.CodeFailedAsync(user, context);
        else if (outcome.IsOk)
            attempts.Succeeded(user.Email, context);
        return outcome;
    }

    /// <summary>New recovery codes in place of those before.</summary>
    public Task<Outcome<IReadOnlyList<string>>> RenewCodesAsync(UserRow user, HttpContext context)
    {
        var (codes, hashes) = RecoveryCodes.Create();
        return people.ChangeAsync<IReadOnlyList<string>>(
            CallerOf(user, context),
            _ => people.FindSecondFactor(user.Id) is { } before
                ? new PeopleChange<IReadOnlyList<string>>(codes, [(before, before with { RecoveryHashes = hashes })], new PeopleAudit("change", "recovery-codes", user.Email))
                : new Problem(ProblemKind.NotFound, "The account has no second factor.", "code"),
            context.RequestAborted);
    }

    /// <summary>Switches the factor off; the caller has checked who asks.</summary>
    public Task<Outcome<UserRow>> RemoveAsync(UserRow user, Platform.Caller caller, CancellationToken cancellationToken) => people.ChangeAsync<UserRow>(
        caller,
        _ => people.FindSecondFactor(user.Id) is { } before
            ? new PeopleChange<UserRow>(user, [(before, null)], new PeopleAudit("remove", "second-factor", user.Email))
            : new Problem(ProblemKind.NotFound, "The account has no second factor.", "email"),
        cancellationToken);

    public Platform.Caller CallerOf(UserRow user, HttpContext context) => SignIn.CallerOf(context, attempts.TenantOf(user) ?? TenantId.Main, user.Email);

    private Outcome<PeopleChange<bool>> Use(UserRow user, string code)
    {
        if (people.FindSecondFactor(user.Id) is not { } before)
            return Wrong;
        if (StepOf(box.Open(SecretPurpose, before.Secret), code) is { } step)
            return step > before.LastStep ? new PeopleChange<bool>(true, [(before, before with { LastStep = step })], null) : Wrong;
        if (RecoveryCodes.Without(before.RecoveryHashes, code) is not { } left)
            return Wrong;
        return new PeopleChange<bool>(
            true, [(before, before with { RecoveryHashes = left })], new PeopleAudit("use", "recovery-code", user.Email, null, new { left = RecoveryCodes.Left(left) }));
    }

    private long? StepOf(byte[] secret, string? code)
    {
        var digits = code?.Replace(" ", "", StringComparison.Ordinal);
        return digits is { Length: 6 } && digits.All(char.IsAsciiDigit) && new Totp(secret).VerifyTotp(time.GetUtcNow().UtcDateTime, digits, out var step, Window) ? step : null;
    }

    private byte[]? Redeem(UserRow user, string? ticket) => box.Redeem<Pending>(EnrolmentPurpose, ticket) is { } pending && pending.User == user.Id ? pending.Secret : null;

    private sealed record Pending(string User, byte[] Secret);
}
