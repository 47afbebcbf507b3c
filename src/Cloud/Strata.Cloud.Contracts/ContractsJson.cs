using System.Text.Json;
using System.Text.Json.Serialization;

namespace Strata.Cloud.Contracts;

/// <summary>How every record is written: camelCase, nulls left out, durations as ISO-like <c>hh:mm:ss</c>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Page<SiteInfo>))]
[JsonSerializable(typeof(Page<GatewayInfo>))]
[JsonSerializable(typeof(Page<DeviceInfo>))]
[JsonSerializable(typeof(Page<Rejection>))]
[JsonSerializable(typeof(Page<AuditRecord>))]
[JsonSerializable(typeof(Page<EventInfo>))]
[JsonSerializable(typeof(Page<ReadingInfo>))]
[JsonSerializable(typeof(Page<AggregateInfo>))]
[JsonSerializable(typeof(Page<LatestInfo>))]
[JsonSerializable(typeof(Page<WindowInfo>))]
[JsonSerializable(typeof(Page<GapInfo>))]
[JsonSerializable(typeof(CreateJoinToken))]
[JsonSerializable(typeof(JoinToken))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(JoinResponse))]
[JsonSerializable(typeof(ApplyResult))]
[JsonSerializable(typeof(CreateDevice))]
[JsonSerializable(typeof(DeviceSecret))]
[JsonSerializable(typeof(ReadingCount))]
[JsonSerializable(typeof(LiveItem))]
[JsonSerializable(typeof(LoginLink))]
[JsonSerializable(typeof(TraceInfo))]
[JsonSerializable(typeof(StatisticsInfo))]
[JsonSerializable(typeof(HealthInfo))]
[JsonSerializable(typeof(GatewayConfiguration))]
[JsonSerializable(typeof(GatewayChange))]
[JsonSerializable(typeof(LinkRequest))]
[JsonSerializable(typeof(UplinkAnswer))]
[JsonSerializable(typeof(GatewayStatus))]
public sealed partial class ContractsJson : JsonSerializerContext;
