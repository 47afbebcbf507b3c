using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;

namespace Strata.Node.Devices;

/// <summary>Which devices are held to some of their own topics. Asked when a device connects; must be quick, and is asked from any thread.</summary>
public interface ITopicRules
{
    /// <summary>Null for a device that may use all topics of its own.</summary>
    TopicRules? Find(TenantId tenant, DeviceId device);
}
