using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Cloud.Contracts;
using Strata.Fog.Below;
using Strata.Fog.Configuration;
using Strata.Fog.Downward;
using Strata.Fog.Shadows;
using Strata.Fog.Trust;
using Strata.Fog.Windows;

namespace Strata.Fog;

/// <summary>How the gateway's own state files are written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GatewayConfiguration))]
[JsonSerializable(typeof(GatewayIdentity))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(KeptTrust))]
[JsonSerializable(typeof(WindowsState))]
[JsonSerializable(typeof(GatewaysBelowState))]
[JsonSerializable(typeof(DownwardState))]
[JsonSerializable(typeof(FogShadowFile))]
internal sealed partial class FogJson : JsonSerializerContext;
