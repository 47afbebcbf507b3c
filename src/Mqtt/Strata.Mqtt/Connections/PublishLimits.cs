using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>What this server takes as a topic name.</summary>
internal static class PublishLimits
{
    public static void CheckTopic(ReadOnlySpan<byte> topic, MqttOptions options)
    {
        if (topic.Length > options.MaxTopicBytes || Topics.LevelCount(topic) > options.MaxTopicLevels)
            throw new MqttProtocolException(MqttReasonCode.TopicNameInvalid, "The topic name is too long or too deep.", "5.0 4.7.3");
    }
}
