using Strata.Core;

namespace Strata.Cloud.Platform.Yaml;

/// <summary>The file is wrong at one place. Thrown while reading, turned into a <see cref="Problem"/> once, by the caller of the reader.</summary>
public sealed class YamlFileException(string file, YamlPlace place, string reason)
    : Exception($"{file}:{place.Line}:{place.Column}: {(place.Field.Length == 0 ? "" : place.Field + ": ")}{reason}")
{
    public Problem ToProblem() => new(ProblemKind.Invalid, Message, place.Field.Length == 0 ? null : place.Field);
}
