using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Commands;

namespace Strata.Cloud.Commands.Sending;

/// <summary>A command that was read and found good, before it is known for whom.</summary>
/// <param name="Request">As the caller gave it; null to draw one.</param>
/// <param name="Payload">JSON.</param>
internal sealed record NewCommand(string Name, string? Request, byte[] Payload, TimeSpan? Wait, TimeSpan Expiry, TimeSpan AnswerWithin, int Attempts, TimeSpan RetryAfter, int Priority)
{
    public bool IsDirect => Wait is not null;

    public string? Run { get; init; }

    /// <summary>One that comes again under its id is the same when this is.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes(Name), 0, .. Payload]));

    public static Outcome<NewCommand> Of(SendCommand request, string? key, CommandsOptions options)
    {
        if (request.Request is { } named && key is not null && named != key)
            return new Problem(ProblemKind.Invalid, "The header Idempotency-Key and the field request say different ids.", "request");
        var id = request.Request ?? key;
        if (id is not null && CommandNames.CheckRequest(id) is { } wrongId)
            return wrongId;
        if (request is { Wait: not null, Expires: not null })
            return new Problem(ProblemKind.Invalid, "A command is waited for (wait) or queued (expires), not both.", "wait");
        if (request.Wait is { } wait && (wait < TimeSpan.FromSeconds(1) || wait > options.LongestWait))
            return new Problem(ProblemKind.Invalid, $"wait is from 1 s to {options.LongestWait.TotalSeconds:0} s.", "wait");
        var made = Of(request.Name, request.Payload, request.Expires, request.AnswerWithin, request.Attempts, request.Priority, options);
        return made.IsOk ? made.Value with { Request = id, Wait = request.Wait } : made;
    }

    public static Outcome<NewCommand> Of(string? name, JsonElement? payload, TimeSpan? expires, TimeSpan? answerWithin, int? attempts, int? priority, CommandsOptions options)
    {
        if (CommandNames.CheckName(name) is { } wrongName)
            return wrongName;
        if (name == CommandNames.Wipe)
            return new Problem(ProblemKind.Invalid, "A device is told to wipe itself by its decommissioning.", "name");
        if (expires is { } expiry && (expiry < TimeSpan.FromSeconds(1) || expiry > options.LongestExpiry))
            return new Problem(ProblemKind.Invalid, $"expires is from 1 s to {options.LongestExpiry.TotalDays:0.##} d.", "expires");
        if (answerWithin is { } within && (within < TimeSpan.FromSeconds(1) || within > CommandTerms.LongestRun))
            return new Problem(ProblemKind.Invalid, $"answerWithin is from 1 s to {CommandTerms.LongestRun.TotalHours:0} h.", "answerWithin");
        if (attempts is < 1 or > 100)
            return new Problem(ProblemKind.Invalid, "attempts is from 1 to 100.", "attempts");
        if (priority is < 0 or > 9)
            return new Problem(ProblemKind.Invalid, "priority is from 0 to 9.", "priority");
        var text = payload is { ValueKind: not JsonValueKind.Undefined } given ? Encoding.UTF8.GetBytes(given.GetRawText()) : "{}"u8.ToArray();
        if (text.Length > options.MaxPayloadBytes)
            return new Problem(ProblemKind.TooMuch, $"A command's payload has at most {options.MaxPayloadBytes:N0} bytes; this one has {text.Length:N0}.", "payload");
        return new NewCommand(name!, null, text, null, expires ?? options.UsualExpiry, answerWithin ?? options.AnswerWithin, attempts ?? options.Attempts, options.RetryAfter, priority ?? 0);
    }
}
