using System.Diagnostics.Metrics;

namespace Strata.Cloud.Tenancy.Mail;

/// <summary>What became of mails, for operators. Meter <c>Strata.Mail</c>.</summary>
internal sealed class MailMetrics : IDisposable
{
    private readonly Meter meter;
    private readonly Counter<long> sent;
    private readonly Counter<long> failed;
    private readonly Counter<long> tries;

    public MailMetrics(IMeterFactory factory)
    {
        meter = factory.Create("Strata.Mail");
        sent = meter.CreateCounter<long>("strata.mail.sent", "{mail}", "Mails that the mail server took.");
        failed = meter.CreateCounter<long>("strata.mail.failed", "{mail}", "Mails that were given up: refused for good, or too old.");
        tries = meter.CreateCounter<long>("strata.mail.retries", "{try}", "Tries to connect or to send that failed and are made again.");
    }

    public void Watch(Func<int> waiting) => meter.CreateObservableGauge("strata.mail.waiting", waiting, "{mail}", "Mails that wait to be sent.");

    public void Sent() => sent.Add(1);

    public void Failed() => failed.Add(1);

    public void TriesAgain() => tries.Add(1);

    public void Dispose() => meter.Dispose();
}
