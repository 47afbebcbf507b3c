using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Strata.Cloud.Platform.Yaml;

public abstract record YamlNode(long Line, long Column);

/// <param name="IsNull">Nothing, <c>~</c> or <c>null</c>, not quoted.</param>
/// <param name="IsPlain">Not quoted: <c>true</c> and <c>5</c> may stand for a truth and a number.</param>
public sealed record YamlText(long Line, long Column, string Value, bool IsNull, bool IsPlain) : YamlNode(Line, Column);

public sealed record YamlList(long Line, long Column, IReadOnlyList<YamlNode> Items) : YamlNode(Line, Column);

public sealed record YamlMap(long Line, long Column, IReadOnlyList<(YamlText Key, YamlNode Value)> Entries) : YamlNode(Line, Column);

/// <summary>
/// Builds the tree of a YAML text with the place of every node. Bounded: text, nodes and depth; an alias counts all that it stands for, and
/// what refers to itself is refused, so a small file cannot become a large tree.
/// </summary>
public sealed class YamlTree
{
    public const int MaxCharacters = 16 * 1024 * 1024;

    public const int MaxNodes = 2_000_000;

    /// <summary>Deeper than any site tree, which has two levels of nesting for each level of places, and than a schema in its section.</summary>
    public const int MaxDepth = Schemas.SchemaReferences.MaxDepth + 4;

    private readonly string file;
    private readonly Parser parser;
    private readonly Dictionary<string, (YamlNode Node, int Size)> anchors = [];
    private int nodes;

    private YamlTree(string file, string text)
    {
        this.file = file;
        parser = new Parser(new StringReader(text));
    }

    /// <summary>The documents of the text.</summary>
    /// <exception cref="YamlFileException">It is not YAML, or beyond a limit.</exception>
    public static IReadOnlyList<YamlNode> Read(string file, string text)
    {
        if (text.Length > MaxCharacters)
            throw new YamlFileException(file, new YamlPlace(1, 1, ""), $"the file has more than {MaxCharacters / 1024 / 1024} MB; split it.");
        var tree = new YamlTree(file, text);
        try
        {
            return tree.ReadDocuments();
        }
        catch (YamlException e)
        {
            throw new YamlFileException(file, new YamlPlace(e.Start.Line, e.Start.Column, ""), $"this is not YAML: {e.Message}");
        }
    }

    private List<YamlNode> ReadDocuments()
    {
        var documents = new List<YamlNode>();
        parser.Consume<StreamStart>();
        while (!parser.TryConsume<StreamEnd>(out _))
        {
            parser.Consume<DocumentStart>();
            anchors.Clear();
            documents.Add(ReadNode(0));
            parser.Consume<DocumentEnd>();
        }
        return documents;
    }

    private YamlNode ReadNode(int depth)
    {
        var next = parser.Current!;
        if (depth > MaxDepth)
            throw Wrong(next, $"this is nested more than {MaxDepth} deep.");
        Count(next, 1);
        var before = nodes;
        var (node, anchor) = parser.Current switch
        {
            Scalar => ReadText(),
            SequenceStart => ReadList(depth),
            MappingStart => ReadMap(depth),
            AnchorAlias => (ReadAlias(), default),
            _ => throw Wrong(next, "a value was expected here."),
        };
        if (!anchor.IsEmpty)
            anchors[anchor.Value] = (node, nodes - before + 1);
        return node;
    }

    private (YamlNode, AnchorName) ReadText()
    {
        var scalar = parser.Consume<Scalar>();
        var isPlain = scalar.Style is ScalarStyle.Plain;
        return (new YamlText(scalar.Start.Line, scalar.Start.Column, scalar.Value, isPlain && scalar.Value is "" or "~" or "null", isPlain), scalar.Anchor);
    }

    private (YamlNode, AnchorName) ReadList(int depth)
    {
        var start = parser.Consume<SequenceStart>();
        var items = new List<YamlNode>();
        while (!parser.TryConsume<SequenceEnd>(out _))
            items.Add(ReadNode(depth + 1));
        return (new YamlList(start.Start.Line, start.Start.Column, items), start.Anchor);
    }

    private (YamlNode, AnchorName) ReadMap(int depth)
    {
        var start = parser.Consume<MappingStart>();
        var entries = new List<(YamlText, YamlNode)>();
        var keys = new HashSet<string>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var at = parser.Current!;
            if (ReadNode(depth + 1) is not YamlText key)
                throw Wrong(at, "a field's name must be plain text.");
            if (!keys.Add(key.Value))
                throw Wrong(at, $"'{key.Value}' stands here twice.");
            entries.Add((key, ReadNode(depth + 1)));
        }
        return (new YamlMap(start.Start.Line, start.Start.Column, entries), start.Anchor);
    }

    private YamlNode ReadAlias()
    {
        var alias = parser.Consume<AnchorAlias>();
        if (!anchors.TryGetValue(alias.Value.Value, out var target))
            throw Wrong(alias, $"'*{alias.Value.Value}' refers to nothing that stands before it.");
        Count(alias, target.Size);
        return target.Node;
    }

    private void Count(ParsingEvent at, int size)
    {
        nodes += size;
        if (nodes > MaxNodes)
            throw Wrong(at, $"the file has more than {MaxNodes:N0} values, aliases counted as what they stand for; split it.");
    }

    private YamlFileException Wrong(ParsingEvent at, string reason) => new(file, new YamlPlace(at.Start.Line, at.Start.Column, ""), reason);
}
