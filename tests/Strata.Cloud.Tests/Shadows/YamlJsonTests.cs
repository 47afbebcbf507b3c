using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using Strata.Cloud.Platform.Yaml;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Strata.Cloud.Tests.Shadows;

public sealed class YamlJsonTests
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char["az09-+.: #'\"\\,[]{}&*!|>%@`~?\t\n\r\u0085\u2028\u2029\ufeff\u00e9\u0000"], 0, 12],
        OneOf("", "~", "null", "Null", "true", "false", "yes", "5", "-1", "1e5", "0x1f", "1_000", "2026-01-01", "---", "...", "- x", "? x", "<<", "=", "\U0001f321 x", " a", "a ", "a: b", "a #b"));

    [Fact]
    public void What_is_written_is_read_as_the_same() => Json(4).Sample(json => Assert.Equal(json, Again(json)), iter: 20_000);

    [Theory]
    [InlineData("""{"n":-0,"big":123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890,"e":1E+5,"s":"1E5"}""")]
    [InlineData("""{"":{"":""},"~":null,"true":true,"5":5}""")]
    public void Numbers_and_names_keep_their_form(string json) => Assert.Equal(json, Again(json));

    [Fact]
    public void What_is_as_deep_as_a_schema_may_be_is_read_too()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 64)) + "1" + new string('}', 64);
        Assert.Equal(deep, Again(deep));
        var name = $$"""{"{{new string('x', 3000)}}":1}""";
        Assert.Equal(name, Again(name));
    }

    private static string Again(string json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 128 });
        using var text = new StringWriter(new StringBuilder(), CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        YamlJson.Emit(emitter, document.RootElement, lines: 2);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return Encoding.UTF8.GetString(YamlJson.Write(Assert.Single(YamlTree.Read("x.yaml", text.ToString()))));
    }

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static Gen<string> Json(int depth) => depth == 0
        ? Gen.OneOf(Text.Select(t => JsonSerializer.Serialize(t)), Gen.Int.Select(i => i.ToString(CultureInfo.InvariantCulture)), OneOf("null", "true", "false", "1.50", "-2e-7"))
        : Gen.OneOf(
            Json(0),
            Json(depth - 1).Array[0, 4].Select(items => $"[{string.Join(',', items)}]"),
            Gen.Select(Text, Json(depth - 1)).Array[0, 4].Select(fields => $"{{{string.Join(',', fields.DistinctBy(f => f.Item1).Select(f => $"{JsonSerializer.Serialize(f.Item1)}:{f.Item2}"))}}}"));
}
