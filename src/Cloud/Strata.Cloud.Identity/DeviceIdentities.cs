using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Identity;

namespace Strata.Cloud.Identity;

/// <summary>Certificates of a device that goes out of service.</summary>
internal sealed class DeviceIdentities(IdentityStore store) : IDeviceIdentities
{
    public Task<Outcome<int>> RevokeAsync(Caller caller, DeviceId device, string reason, CancellationToken cancellationToken) => RevokeAsync(caller, device, reason, DateTimeOffset.MaxValue, cancellationToken);

    /// <param name="until">What was issued later is another device's, which has the name now.</param>
    public async Task<Outcome<int>> RevokeAsync(Caller caller, DeviceId device, string reason, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var outcome = await store.ChangeAsync<IReadOnlyList<CertificateRow>>(
            caller,
            async (tables, now, stop) =>
            {
                var found = await tables.Certificates.AsNoTracking().Where(c => c.Device == device.Value && c.Standing != nameof(CertificateStanding.Revoked) && c.Use != nameof(CertificateUse.Claim) && c.Issued <= until).ToListAsync(stop);
                List<CertificateRow> after = [.. found.Select(row => row with { Standing = nameof(CertificateStanding.Revoked), Reason = (int)RevocationReason.CessationOfOperation, Since = now })];
                return after.Count == 0
                    ? DecidedChange.None<IReadOnlyList<CertificateRow>>([])
                    : new DecidedChange<IReadOnlyList<CertificateRow>>(
                        after, [.. found.Zip(after, static (a, b) => ((object?)a, (object?)b))], "revoke", "certificate", $"device {device}", null, new { reason, count = after.Count });
            },
            cancellationToken, rows => rows.ToList().ForEach(store.Follow));
        return outcome.IsOk ? outcome.Value.Count : outcome.Problem;
    }
}
