using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Strata.Edge.Control;

/// <summary>Writes the output as text over the start of a file, as the kernel's PWM and GPIO files want it, whenever it changes.</summary>
internal sealed partial class FileActuator(string path, ILogger logger) : IActuator, IDisposable
{
    private FileStream? file;
    private double written = double.NaN;
    private bool failing;

    public void Apply(double output, TimeSpan elapsed)
    {
        if (output == written)
            return;
        try
        {
            file ??= new FileStream(path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 });
            var text = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{output:0.######}\n"));
            file.Position = 0;
            file.Write(text);
            if (file.CanSeek && file.Length > text.Length)
                file.SetLength(text.Length);
            (written, failing) = (output, false);
        }
        catch (Exception reason) when (reason is IOException or UnauthorizedAccessException)
        {
            if (!failing)
                Fails(logger, path, reason.Message);
            (failing, written) = (true, double.NaN);
            file?.Dispose();
            file = null;
        }
    }

    public void Dispose() => file?.Dispose();

    [LoggerMessage(4400, LogLevel.Error, "The actuator {Path} cannot be written: {Reason}. It is tried in every cycle.")]
    private static partial void Fails(ILogger logger, string path, string reason);
}
