using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;

namespace Strata.Cloud.Installer;

/// <summary>The slice's tables.</summary>
internal sealed class InstallerStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<InstallerStore> logger)
    : AuditedStore<InstallerDbContext>(database, InstallerDbContext.MigrationsTable, static (options, tenant) => new InstallerDbContext(options, tenant), numbers, time, logger);
