using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Slots;
using Strata.Storage;

namespace Strata.Edge.Updates;

/// <summary>
/// The agent's side of updates: asks for work, does it, and says what has become of it until that was heard. Lives as long as the agent; connections come and go below it.
/// </summary>
internal sealed partial class UpdateAgent : IDisposable
{
    private const string Downloading = "downloading";
    private const string Installing = "installing";
    private const int TooMany = 429;
    private const int ServerFault = 500;

    /// <summary>Characters of a reason: it has to go through a gateway.</summary>
    private const int MaxReason = 300;

    private static readonly TimeSpan SayAgain = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan TellAgain = TimeSpan.FromSeconds(10);
    private readonly UpdateOptions options;
    private readonly SlotFile slots;
    private readonly IBootLoader loader;
    private readonly UpdateInstaller installer;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly TaskCompletionSource restart = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim reached = new(0, 1);
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly CancellationTokenSource stopping = new();
    private Task working = Task.CompletedTask;
    private CancellationTokenSource? job;
    private volatile string? currentJob;
    private volatile TaskCompletionSource? allowed;
    private volatile IUpdateLink? link;

    public UpdateAgent(UpdateOptions options, IUpdateDisk disk, SlotFile slots, IBootLoader loader, IArtifactSource source, TimeProvider time, ILogger logger)
    {
        (this.options, this.slots, this.loader, this.time, this.logger) = (options, slots, loader, time, logger);
        installer = new UpdateInstaller(disk, slots, loader, source, options, time);
    }

    /// <summary>The connection by which updates are spoken of; null while there is none.</summary>
    public IUpdateLink? Link => link;

    /// <summary>Completes when the program is to end so that the other slot is started.</summary>
    public Task Restart => restart.Task;

    /// <summary>What runs; null while nothing is in the slots.</summary>
    public string? Version => slots.Read() is { } state ? state[SlotMachine.Started(state)]?.Version : null;

    /// <summary>Learns from the boot loader what was started, before any work is done; while a version is being tried, confirms it when it has proved itself, or gives it up.</summary>
    public async Task ProveAsync(CancellationToken cancellationToken)
    {
        var isToRestart = false;
        await UntilToldAsync(async () => isToRestart = await loader.BeginAsync(cancellationToken), cancellationToken);
        begun.TrySetResult();
        if (isToRestart)
            restart.TrySetResult();
        else if (slots.Read() is { Trial: { Started: true } trial } state)
            await ProveAsync(trial, state[trial.Slot]!.Version, cancellationToken);
        else
            await TellAsync(cancellationToken);
    }

    /// <summary>Serves one connection until it is over. Throws when the disk fails in another way than to be full.</summary>
    public async Task ServeAsync(IUpdateLink current, CancellationToken cancellationToken)
    {
        var answers = Channel.CreateBounded<Heard>(
            new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });
        current.JobSaid += (rest, payload) => answers.Writer.TryWrite(new Heard(rest, payload));
        try
        {
            if (await current.ListenToJobsAsync(cancellationToken) is { } refused)
            {
                NotListening(logger, $"{current}", refused);
                return;
            }
            await begun.Task.WaitAsync(cancellationToken); // Before that nobody knows what was started, and nothing of it is said.
            link = current;
            // What was installed while nobody could be told is known to be tried before it is known to have proved itself.
            await InTurnAsync(
                async () =>
                {
                    if (slots.Read() is { Trial: { Started: true } trial } state)
                        await PublishAsync(trial.Job, "trial", null, state[state.Good]!.Version, 1, cancellationToken);
                },
                cancellationToken);
            if (reached.CurrentCount == 0)
                reached.Release();
            await TellAsync(cancellationToken);
            await InTurnAsync(() => current.SayOfJobsAsync("software", SoftwareText(), cancellationToken), cancellationToken);
            await current.SayOfJobsAsync("next", "{}"u8.ToArray(), cancellationToken);
            var asked = time.GetTimestamp();
            var told = time.GetTimestamp();
            while (true)
            {
                var wait = slots.Read()?.Outcome is null ? options.AskEvery : SayAgain;
                if (await ReadAsync(answers.Reader, wait, cancellationToken) is { } heard)
                    await TakeAsync(current, heard, cancellationToken);
                if (time.GetElapsedTime(asked) >= options.AskEvery)
                {
                    await current.SayOfJobsAsync("next", "{}"u8.ToArray(), cancellationToken);
                    asked = time.GetTimestamp();
                }
                if (time.GetElapsedTime(told) >= SayAgain)
                {
                    await TellAsync(cancellationToken);
                    told = time.GetTimestamp();
                }
            }
        }
        catch (OperationCanceledException)
        {
            return; // The connection is over.
        }
        finally
        {
            if (ReferenceEquals(link, current))
                link = null;
        }
    }

    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        stopping.Dispose();
        reached.Dispose();
        turn.Dispose();
        job?.Dispose();
    }

    private async Task ProveAsync(SlotTrial trial, string version, CancellationToken cancellationToken)
    {
        var within = trial.ConfirmWithin ?? options.ConfirmWithin;
        using var limit = new CancellationTokenSource(within, time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var missing = "it reached neither gateway nor cloud";
        try
        {
            await reached.WaitAsync(waiting.Token);
            while (options.SelfTest is { } test && await Script.AskAsync(test, options.ScriptLimit, time, waiting.Token) is { } why)
            {
                missing = why;
                await Task.Delay(TimeSpan.FromSeconds(2), time, waiting.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var why = $"it was not confirmed within {within.TotalSeconds:0} s of its start: {missing}";
            GivenUp(logger, version, why);
            await UntilToldAsync(() => loader.RejectAsync(why, cancellationToken), cancellationToken);
            restart.TrySetResult();
            return;
        }
        await UntilToldAsync(() => loader.ConfirmAsync(cancellationToken), cancellationToken);
        Confirmed(logger, version);
        await TellAsync(cancellationToken);
    }

    private async Task UntilToldAsync(Func<Task> tell, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await tell();
                return;
            }
            catch (Exception e) when (e is BootLoaderException || SafeFiles.IsFull(e))
            {
                NotTold(logger, e.Message);
                await Task.Delay(TellAgain, time, cancellationToken);
            }
        }
    }

    /// <summary>What cannot be noted because the disk is full was not heard: it is said again.</summary>
    private async Task TakeAsync(IUpdateLink current, Heard heard, CancellationToken cancellationToken)
    {
        try
        {
            await HearAsync(current, heard.Topic, heard.Payload, cancellationToken);
        }
        catch (IOException e) when (SafeFiles.IsFull(e))
        {
            NotTold(logger, e.Message);
        }
    }

    private async Task HearAsync(IUpdateLink current, string rest, byte[] payload, CancellationToken cancellationToken)
    {
        switch (rest.Split('/'))
        {
            case ["notify"]:
                await current.SayOfJobsAsync("next", "{}"u8.ToArray(), cancellationToken);
                break;
            case ["next", "accepted"]:
                Begin(payload);
                break;
            case ["software", "rejected"]:
                SoftwareRefused(logger, Text(payload));
                break;
            case [var id, "update", "accepted"]:
                if (currentJob == id && IsAnswerTo(Installing, payload))
                    allowed?.TrySetResult();
                if (Accepted(id, payload))
                    await current.SayOfJobsAsync("next", "{}"u8.ToArray(), cancellationToken);
                break;
            case [var id, "update", "rejected"]:
                await RejectedAsync(id, payload);
                break;
        }
    }

    /// <summary>Whether that was the answer to what has become of the job, which is told then; an answer to what was said on the way may come later than the end. One that names no state is to what was said last.</summary>
    internal bool Accepted(string id, byte[] payload)
    {
        if (slots.Read() is not { Outcome: { } outcome } state || outcome.Job != id || !IsAnswerTo(outcome.State, payload))
            return false;
        slots.Write(SlotMachine.Told(state));
        return true;
    }

    /// <summary>
    /// The cloud does not want to hear it: the job was taken back, or is over; what has become of it need not be told any more where that is what was refused, and work on it ends where it was something of that. One that names no
    /// state refuses all of it. When the cloud only could not take it just now, it is said again.
    /// </summary>
    internal async Task RejectedAsync(string id, byte[] payload)
    {
        if (FieldOf(payload, "code") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var code) && code is TooMany or >= ServerFault)
            return;
        if (slots.Read() is { Outcome: { } outcome } state && outcome.Job == id && IsAnswerTo(outcome.State, payload))
            slots.Write(SlotMachine.Told(state));
        if (currentJob == id && job is { } running && (IsAnswerTo(Downloading, payload) || IsAnswerTo(Installing, payload)))
        {
            TakenBack(logger, id, Text(payload));
            await running.CancelAsync();
        }
    }

    private static bool IsAnswerTo(string state, byte[] answer) => FieldOf(answer, "state") is not { ValueKind: JsonValueKind.String } said || said.ValueEquals(state);

    /// <summary>A field of an answer; null when it has none, or is no object.</summary>
    private static JsonElement? FieldOf(byte[] answer, string name)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            return json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var field) ? field.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Begin(byte[] payload)
    {
        if (!working.IsCompleted || slots.Read() is { } state && (state.Trial is not null || state.Outcome is not null))
            return; // One after the other; what is done is told first.
        UpdateJob? asked;
        try
        {
            asked = UpdateJob.Read(payload);
        }
        catch (FormatException e)
        {
            NoJob(logger, e.Message);
            return;
        }
        if (asked is null)
            return;
        job?.Dispose();
        job = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        working = DoAsync(asked, job.Token);
    }

    /// <summary>Does a job from its check to the slot that is to be tried, or says why not.</summary>
    internal async Task DoAsync(UpdateJob asked, CancellationToken cancellationToken)
    {
        currentJob = asked.Job;
        await Task.Yield();
        try
        {
            await begun.Task.WaitAsync(cancellationToken);
            if (slots.Read() is { Trial: not null } or { Outcome: not null })
                return; // That is told first.
            var update = installer.Check(asked);
            if (installer.Runs(update))
            {
                slots.Write(SlotMachine.Succeed(slots.Read()!, asked.Job, update.Version));
                await TellAsync(cancellationToken);
                return;
            }
            await SayAsync(asked, Downloading, null, 0, cancellationToken);
            await installer.DownloadAsync(asked, update, done => _ = SayAsync(asked, Downloading, null, done, cancellationToken), cancellationToken);
            if (asked.Mode == UpdateMode.DownloadOnly)
            {
                // Verified, and kept until another job wants it installed, or something else downloaded.
                slots.Write(SlotMachine.Succeed(slots.Read()!, asked.Job, installer.VersionFor(asked)));
                await TellAsync(cancellationToken);
                return;
            }
            do
                await UntilReadyAsync(asked, cancellationToken);
            while (!await IsAllowedAtOnceAsync(asked, cancellationToken));
            if (update.Component == RingUpdate.Component)
            {
                installer.ReplaceRing(asked, update);
                RingReplaced(logger, update.Version);
                slots.Write(SlotMachine.Succeed(slots.Read()!, asked.Job, update.Version));
                await TellAsync(cancellationToken);
                return;
            }
            await installer.InstallAsync(asked, update, cancellationToken);
            Installed(logger, update.Component, update.Version);
            await SayAsync(asked, "trial", null, 1, stopping.Token); // It cannot be taken back any more.
            restart.TrySetResult();
        }
        catch (UpdateRefusedException e)
        {
            await FailAsync(asked, e.Message, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The job was taken back, or the agent ends: what was downloaded stays. What was being written is looked at when the agent starts again.
            if (!stopping.IsCancellationRequested)
                await BreakOffAsync();
        }
#pragma warning disable CA1031 // Whatever it is, the cloud hears that the job has failed, and why.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await BreakOffAsync();
            await FailAsync(asked, $"{(e is IOException or UnauthorizedAccessException or InvalidDataException ? "the device cannot write it" : "the agent failed at it")}: {e.Message}", cancellationToken);
        }
        finally
        {
            currentJob = null;
        }
    }

    private Task BreakOffAsync() => UntilToldAsync(() => loader.BreakOffAsync(stopping.Token), stopping.Token);

    private async Task FailAsync(UpdateJob asked, string reason, CancellationToken cancellationToken)
    {
        Refused(logger, asked.Job, reason);
        try
        {
            installer.Fail(asked, reason);
            await TellAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // Not even a note can be written: said once, as it is; asked for work again, the device finds the same.
            await SayAsync(asked, "failed", reason, 0, cancellationToken);
        }
    }

    private async Task UntilReadyAsync(UpdateJob asked, CancellationToken cancellationToken)
    {
        if (asked.Mode == UpdateMode.Forced)
            return;
        while (await WhyNotYetAsync(cancellationToken) is { } why)
        {
            await SayAsync(asked, Downloading, $"all of it is here; it waits: {why}", 1, cancellationToken);
            await Task.Delay(options.AskEvery, time, cancellationToken);
        }
    }

    /// <summary>
    /// Says that it installs, again and again until the cloud has taken it: nothing is installed that was taken back, nor by a device that nobody hears, which could not confirm it.
    /// </summary>
    /// <returns>False when that took a while: what was waited for before may not be so any more.</returns>
    private async Task<bool> IsAllowedAtOnceAsync(UpdateJob asked, CancellationToken cancellationToken)
    {
        var answer = allowed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var isAtOnce = true; ;)
        {
            await SayAsync(asked, Installing, null, 1, cancellationToken);
            try
            {
                await answer.Task.WaitAsync(SayAgain, time, cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                return isAtOnce;
            }
            catch (TimeoutException)
            {
                isAtOnce = false;
            }
        }
    }

    internal async Task<string?> WhyNotYetAsync(CancellationToken cancellationToken)
    {
        if (options is { NotBefore: { } from, NotAfter: { } until } && !TimeOnly.FromTimeSpan(time.GetUtcNow().TimeOfDay).IsBetween(from, until))
            return $"it installs from {from:HH\\:mm} to {until:HH\\:mm} UTC";
        return options.Precondition is { } script ? await Script.AskAsync(script, options.ScriptLimit, time, cancellationToken) : null;
    }

    /// <summary>Says what has become of a job, when there is something to say and somebody to say it to. It is said again until it is answered.</summary>
    private Task TellAsync(CancellationToken cancellationToken) => InTurnAsync(
        async () =>
        {
            if (slots.Read()?.Outcome is { } outcome)
                await PublishAsync(outcome.Job, outcome.State, outcome.Reason, outcome.Version, null, cancellationToken);
        },
        cancellationToken);

    /// <summary>Says what stands in the slots before anybody says what they hold next: of two words of what runs the later one is the newer.</summary>
    private async Task InTurnAsync(Func<Task> say, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            await say();
        }
        finally
        {
            turn.Release();
        }
    }

    private byte[] SoftwareText()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            foreach (var (component, version) in installer.Software())
                json.WriteString(component, version);
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    private Task SayAsync(UpdateJob asked, string state, string? reason, double progress, CancellationToken cancellationToken) =>
        PublishAsync(asked.Job, state, reason, installer.VersionFor(asked), progress, cancellationToken);

    private async Task PublishAsync(string id, string state, string? reason, string version, double? progress, CancellationToken cancellationToken)
    {
        if (link is not { } current)
            return;
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("state", state);
            json.WriteString("reason", reason is null ? null : SlotText.Cut(reason, MaxReason));
            json.WriteString("version", version);
            if (progress is { } part)
                json.WriteNumber("progress", Math.Round(part, 3));
            json.WriteEndObject();
        }
        await current.SayOfJobsAsync($"{id}/update", bytes.ToArray(), cancellationToken);
    }

    private async Task<Heard?> ReadAsync(ChannelReader<Heard> answers, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(wait, time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await answers.ReadAsync(waiting.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static string Text(byte[] payload) => System.Text.Encoding.UTF8.GetString(payload.AsSpan(0, Math.Min(payload.Length, 300)));

    /// <param name="Topic">Below <c>jobs/</c>.</param>
    private sealed record Heard(string Topic, byte[] Payload);

    [LoggerMessage(4600, LogLevel.Information, "Version {Version} has proved itself.")]
    private static partial void Confirmed(ILogger logger, string version);

    [LoggerMessage(4601, LogLevel.Warning, "Version {Version} is given up: {Reason}.")]
    private static partial void GivenUp(ILogger logger, string version, string reason);

    [LoggerMessage(4602, LogLevel.Information, "{Component} {Version} is installed and is tried now.")]
    private static partial void Installed(ILogger logger, string component, string version);

    [LoggerMessage(4608, LogLevel.Information, "Manifests are believed by the ring of keys {Version} from now on.")]
    private static partial void RingReplaced(ILogger logger, string version);

    [LoggerMessage(4603, LogLevel.Warning, "Job {Job} is refused: {Reason}.")]
    private static partial void Refused(ILogger logger, string job, string reason);

    [LoggerMessage(4604, LogLevel.Warning, "{Gateway} does not let the device hear of updates (jobs/#): {Reason}.")]
    private static partial void NotListening(ILogger logger, string gateway, string reason);

    [LoggerMessage(4605, LogLevel.Warning, "What was answered to jobs/next is no job: {Reason}.")]
    private static partial void NoJob(ILogger logger, string reason);

    [LoggerMessage(4607, LogLevel.Warning, "{Reason}. It is asked again.")]
    private static partial void NotTold(ILogger logger, string reason);

    [LoggerMessage(4609, LogLevel.Warning, "What is on the device is not known at the cloud, so that updates that need it will not come: {Reason}.")]
    private static partial void SoftwareRefused(ILogger logger, string reason);

    [LoggerMessage(4606, LogLevel.Information, "Job {Job} was taken back: {Reason}.")]
    private static partial void TakenBack(ILogger logger, string job, string reason);
}
