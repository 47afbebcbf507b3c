using System.Globalization;
using System.Text;
using CsCheck;

namespace Strata.Cloud.Devices.Tests;

/// <summary>Random site files: trees of random shape, names and texts that YAML finds difficult, every field present or absent.</summary>
internal static class Architectures
{
    private static readonly Gen<string> Name = CsCheck.Gen.OneOf<string>("a", "b", "floor-1", "1", "0x1F", "1e5", "true", "null", "no", "2026-01-01", "x.y", "z:1", "A_b");

    private static readonly Gen<string> Text = CsCheck.Gen.OneOf<string>("plain", "two words", "colon: space", "hash # mark", "'quoted'", "\"double\"", "~", "null", "- dash", "[x]", "{y}", "ünïcödé 日本", " lead", "trail ", "*star", "&amp", "!tag", "%x", "@y", "true", "12", "a\\b", "|", ">");

    private static readonly Gen<string> Duration = CsCheck.Gen.OneOf<string>("1s", "30s", "90s", "5m", "1h", "1h30m", "1500ms", "1d");

    public static readonly Gen<string> Gen = CsCheck.Gen.Int[0, int.MaxValue].Select(CsCheck.Gen.Int[0, 12], CsCheck.Gen.Int[0, 4], CsCheck.Gen.Int[0, 10], (seed, sites, gateways, devices) => (seed, sites, gateways, devices))
        .SelectMany(s => CsCheck.Gen.Select(Name.Array[40], Text.Array[40], Duration.Array[40], CsCheck.Gen.Int[0, 1000].Array[200], CsCheck.Gen.Double[0, 100].Array[20])
            .Select(v => new Writer(v.Item1, v.Item2, v.Item3, v.Item4, v.Item5).Write(s.sites, s.gateways, s.devices)));

    private sealed class Writer(string[] names, string[] texts, string[] durations, int[] choices, double[] numbers)
    {
        private readonly StringBuilder yaml = new();
        private readonly List<string> places = ["root"];
        private int next;

        public string Write(int sites, int gateways, int devices)
        {
            var tree = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal) { ["root"] = [] };
            for (var i = 0; i < sites; i++)
            {
                var parent = places[Choose(places.Count)];
                var path = $"{parent}/{names[i % names.Length]}";
                if (path.Count(c => c == '/') < 6 && tree.TryAdd(path, []))
                {
                    tree[parent].Add(path);
                    places.Add(path);
                }
            }
            yaml.AppendLine("apiVersion: strata/v1");
            Site("root", tree, "");
            var ids = Enumerable.Range(0, gateways).Select(i => $"gw-{i}").ToList();
            Section("gateways", ids.Select(id => $"{{ id: {id}, site: '{Place()}'{Maybe(", uplink: { temperature: window, '*': raw, \"machine temperature\": both }")} }}"));
            Section("devices", Enumerable.Range(0, devices).Select(i =>
                $"{{ id: d-{i}, site: '{Place()}'{Maybe($", model: {Quote()}")}{Maybe($", heartbeat: {durations[i]}")}"
                + $"{Maybe($", deadband: {{ temperature: {numbers[i].ToString("R", CultureInfo.InvariantCulture)}, co2: 1e-7 }}")}"
                + $"{(ids.Count > 0 ? Maybe($", gateways: [{string.Join(", ", ids.Take(1 + Choose(ids.Count)).Reverse())}]") : "")} }}"));
            Section("groups", Enumerable.Range(0, Choose(3)).Select(i => $"{{ id: g-{i}, sites: ['{places[0]}'{(places.Count > 1 ? $", '{places[1 + Choose(places.Count - 1)]}'" : "")}]{Maybe($", window: {durations[i]}")} }}"));
            return yaml.ToString();
        }

        private void Site(string path, SortedDictionary<string, SortedSet<string>> tree, string indent)
        {
            var name = path[(path.LastIndexOf('/') + 1)..];
            yaml.AppendLine($"{(indent.Length == 0 ? "" : indent[..^2] + "- ")}site: '{name}'");
            if (Choose(2) == 0)
                yaml.AppendLine($"{indent}name: {Quote()}");
            if (Choose(2) == 0)
                yaml.AppendLine($"{indent}kind: {Quote()}");
            if (tree[path].Count == 0)
                return;
            yaml.AppendLine($"{indent}children:");
            foreach (var child in tree[path])
                Site(child, tree, indent + "    ");
        }

        private void Section(string name, IEnumerable<string> items)
        {
            var list = items.ToList();
            if (list.Count == 0)
                return;
            yaml.AppendLine($"{name}:");
            list.ForEach(item => yaml.AppendLine($"  - {item}"));
        }

        private string Quote() => $"\"{texts[Choose(texts.Length)].Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

        private string Place() => places[Choose(places.Count)];

        private string Maybe(string text) => Choose(2) == 0 ? "" : text;

        private int Choose(int count) => choices[next++ % choices.Length] % count;
    }
}
