using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Strata.Cloud.Contracts;
using Strata.Core.Provisioning;

namespace Strata.Cli.Factory;

/// <summary>The folder of a batch: for each device its key (0600) and birth certificate, the labels, and a manifest. The manifest is written last: with it the batch is whole.</summary>
internal sealed class BatchFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Organization = "2.5.4.10";
    private readonly string path;
    private readonly StringBuilder manifest = new("serial,sku,batch,certificate_serial,sha256,not_after,key,certificate,qr\n");
    private readonly List<(string Serial, string Text)> labels = [];

    private readonly Uri? labelUrl;

    private BatchFolder(string path, Uri? labelUrl) => (this.path, this.labelUrl) = (path, labelUrl);

    /// <param name="labelUrl">Where people reach the node; null for labels that open nothing by themselves.</param>
    /// <exception cref="CliException">The folder holds something already.</exception>
    public static BatchFolder Create(string folder, Uri? labelUrl)
    {
        var path = Directory.CreateDirectory(Path.GetFullPath(folder), OwnerOnly | UnixFileMode.UserExecute).FullName;
        return Directory.EnumerateFileSystemEntries(path).Any()
            ? throw new CliException(ExitCode.Usage, $"--out: {path} is not empty; a batch gets a folder of its own, so that no key is overwritten.")
            : new BatchFolder(path, labelUrl);
    }

    public string ChainFile => Path.Combine(path, "chain.pem");

    /// <summary>Writes what belongs to one device.</summary>
    public void Add(ECDsa key, BirthCertificate birth, string sku, string batch)
    {
        WriteOwn(Path.Combine(path, $"{birth.Serial}.key.pem"), key.ExportPkcs8PrivateKeyPem() + "\n");
        File.WriteAllText(Path.Combine(path, $"{birth.Serial}.crt.pem"), birth.Certificate);
        using var certificate = X509Certificate2.CreateFromPem(birth.Certificate);
        var label = LabelCode.OfDevice(TenantOf(certificate), birth.Serial, labelUrl);
        manifest.Append(CultureInfo.InvariantCulture, $"{Csv(birth.Serial)},{Csv(sku)},{Csv(batch)},{certificate.SerialNumber.ToLowerInvariant()},{Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256))},")
            .Append(CultureInfo.InvariantCulture, $"{certificate.NotAfter.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ},{Csv(birth.Serial)}.key.pem,{Csv(birth.Serial)}.crt.pem,{Csv(label)}\n");
        labels.Add((birth.Serial, label));
    }

    /// <summary>Writes labels and manifest.</summary>
    public void Finish(string chain, string sku)
    {
        File.WriteAllText(ChainFile, chain);
        LabelSheet.Write(Path.Combine(path, "labels.svg"), labels.ConvertAll(l => (sku, l.Serial, l.Text)));
        WriteOwn(Path.Combine(path, "manifest.csv"), manifest.ToString());
    }

    /// <summary>Whose device it is, as its certificate says.</summary>
    private static string TenantOf(X509Certificate2 certificate) =>
        certificate.SubjectName.EnumerateRelativeDistinguishedNames().First(n => !n.HasMultipleElements && n.GetSingleElementType().Value == Organization).GetSingleElementValue()!;

    private static void WriteOwn(string file, string text)
    {
        using var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
        stream.Write(Encoding.ASCII.GetBytes(text));
    }

    private static string Csv(string text) => text.AsSpan().IndexOfAny(",\"\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
