using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Commands;

namespace Strata.Cloud.Commands.Rows;

/// <summary>A command and how far it is. Who sent it, and took it back, has an audit record; its steps have none.</summary>
internal sealed record CommandRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>See <see cref="KeyOf"/>.</summary>
    public required string Key { get; init; }

    public required string Device { get; init; }

    public required string Request { get; init; }

    public required string Name { get; init; }

    /// <summary>SHA-256 of name and payload, by which one that comes again is known.</summary>
    public required string Digest { get; init; }

    /// <summary>Of <see cref="CommandStates"/>.</summary>
    public required string State { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required DateTimeOffset Expires { get; init; }

    public required TimeSpan AnswerWithin { get; init; }

    public required int MaxAttempts { get; init; }

    public required TimeSpan RetryAfter { get; init; }

    public required int Priority { get; init; }

    public bool IsDirect { get; init; }

    [Protected]
    public required string Actor { get; init; }

    /// <summary>The run that it is of.</summary>
    public string? Run { get; init; }

    /// <summary>Through which gateway it went, or which one told its device itself.</summary>
    public string? Gateway { get; init; }

    public DateTimeOffset? Sent { get; init; }

    public DateTimeOffset? Delivered { get; init; }

    public DateTimeOffset? Running { get; init; }

    public DateTimeOffset? Ended { get; init; }

    public int Attempts { get; init; }

    public DateTimeOffset? Tried { get; init; }

    public DateTimeOffset? AnswerBy { get; init; }

    [Protected]
    public string? Reason { get; init; }

    /// <summary>Not kept: how often over the connection there is now.</summary>
    public int AttemptsHere { get; init; }

    public CommandTerms Terms => new(Expires, AnswerWithin, MaxAttempts, RetryAfter, Priority) { IsDirect = IsDirect };

    public CommandState At => CommandStates.TryParse(State, out var state) ? state : throw new InvalidOperationException($"'{State}' is no state of a command.");

    public CommandProgress Progress => new()
    {
        State = At, Created = Created, Sent = Sent, Delivered = Delivered, Running = Running, Ended = Ended, Attempts = Attempts, AttemptsHere = AttemptsHere, Tried = Tried, AnswerBy = AnswerBy, Reason = Reason,
    };

    /// <summary>Below <c>devices/{device}/</c>.</summary>
    public string Topic => CommandNames.TopicOf(Name, Request);

    /// <summary>Under which its gateway knows it.</summary>
    public string MessageId => MessageIdOf(Device, Request);

    /// <summary>Of the row with what it says.</summary>
    public string PayloadId => CommandContentRow.PayloadOf(Key);

    /// <summary>How the device can be reached with this command by a route to it.</summary>
    public DeviceReach ReachBy(in DeviceRoute route) =>
        route.Reach is DeviceReach.ThroughGateway && At is CommandState.Sent && Gateway != route.Gateway?.Value ? DeviceReach.ThroughAnother : route.Reach;

    public CommandRow With(CommandProgress progress) => this with
    {
        State = CommandStates.NameOf(progress.State), Sent = progress.Sent, Delivered = progress.Delivered, Running = progress.Running, Ended = progress.Ended, Attempts = progress.Attempts,
        AttemptsHere = progress.AttemptsHere, Tried = progress.Tried, AnswerBy = progress.AnswerBy, Reason = progress.Reason,
    };

    /// <summary>Neither a device's id nor a request's has a slash in it.</summary>
    public static string KeyOf(string device, string request) => $"{device}/{request}";

    public static string MessageIdOf(string device, string request) =>
        $"c{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(KeyOf(device, request))))[..31]}";
}

/// <summary>What was told, and what the device said to it.</summary>
internal sealed record CommandContentRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary><see cref="PayloadOf"/>, <see cref="ResultOf"/> or <see cref="DevicesOf"/>.</summary>
    public required string Id { get; init; }

    /// <summary>JSON; a run's devices one a line.</summary>
    [Protected]
    public required byte[] Content { get; init; }

    public static string PayloadOf(string key) => key + "/p";

    public static string ResultOf(string key) => key + "/r";

    /// <summary>The devices of a run, in order: apart from it, for it is read and written often.</summary>
    public static string DevicesOf(string run) => run + "/d";
}

/// <summary>What the payload of a command must be.</summary>
internal sealed record CommandSchemaRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>The model, a slash, the command's name.</summary>
    public required string Id { get; init; }

    public required string Model { get; init; }

    public required string Name { get; init; }

    /// <summary>JSON Schema.</summary>
    public required string Schema { get; init; }

    public required DateTimeOffset Changed { get; init; }

    [Protected]
    public required string By { get; init; }
}
