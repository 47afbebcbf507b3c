using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>Labels as the command line prints them: what a phone reads from the sheet.</summary>
public sealed class LabelSheetTests : IAsyncDisposable
{
    private readonly Installation installation = new();

    private string Url => $"https://127.0.0.1:{port}";

    private readonly int port = FreePort.Draw();

    [Fact]
    public async Task Labels_open_the_installer_s_page_when_its_address_is_given_and_name_the_device_otherwise()
    {
        DashboardTests.Running.Require();
        await installation.StartCloudAsync("--https", $"127.0.0.1:{port}");
        await installation.Client.CreateAuthorityAsync();
        await installation.ApplyAsync("apiVersion: strata/v1\nsite: hq\nkind: building\nchildren: [{site: floor-1, kind: floor, children: [{site: east, kind: zone}]}]\n");
        await StrataAsync(0, "factory", "batch", "--sku", "T-100", "--batch", "b1", "--count", "2", "--out", PathOf("b1"));
        await StrataAsync(0, "factory", "batch", "--sku", "T-100", "--batch", "b2", "--count", "1", "--out", PathOf("b2"), "--label-url", Url);
        Assert.Contains("strata:main/b1-000002", await File.ReadAllTextAsync(PathOf("b1/manifest.csv"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("https only", (await StrataAsync(2, "factory", "batch", "--sku", "T-100", "--count", "1", "--out", PathOf("b3"), "--label-url", "http://iot.example.com")).ToLowerInvariant(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(PathOf("b3")));
        Assert.Contains("1 label on 1 sheet", await StrataAsync(0, "sites", "labels", "--kind", "zone", "--out", PathOf("zones.svg"), "--label-url", Url), StringComparison.Ordinal);
        Assert.Contains("3 labels on 1 sheet", await StrataAsync(0, "sites", "labels", "--site", "hq", "--out", PathOf("places.svg")), StringComparison.Ordinal);

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu"] });
        await using var context = await browser.NewContextAsync(new() { IgnoreHTTPSErrors = true, ViewportSize = new() { Width = 900, Height = 1200 } });
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{Url}/install/");
        Assert.Equal("strata:main/b1-000001", await ReadAsync(page, "b1/labels.svg", 0));
        Assert.Equal("strata:main/b1-000002", await ReadAsync(page, "b1/labels.svg", 1));
        Assert.Equal($"{Url}/install/?device=b2-000001", await ReadAsync(page, "b2/labels.svg", 0));
        Assert.Equal($"{Url}/install/?place=hq%2Ffloor-1%2Feast", await ReadAsync(page, "zones.svg", 0));
        Assert.Equal("strata-place:main/hq/floor-1", await ReadAsync(page, "places.svg", 1));
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private string PathOf(string file) => Path.Combine(installation.Folder, file);

    private async Task<string> StrataAsync(int expected, params string[] arguments)
    {
        var run = await Tool.RunAsync(Installation.Executable, [.. arguments, "--data", installation.CloudFolder]);
        Assert.True(run.ExitCode == expected, run.Error + run.Output);
        return run.Output + run.Error;
    }

    /// <summary>One label of a sheet, photographed and read by the decoder of the installer's page.</summary>
    private async Task<string?> ReadAsync(IPage page, string sheet, int label)
    {
        var svg = await File.ReadAllTextAsync(PathOf(sheet), TestContext.Current.CancellationToken);
        var place = Regex.Matches(svg, @"<g transform=""translate\(([\d.]+) ([\d.]+)\)""").ElementAt(label);
        var (x, y) = (double.Parse(place.Groups[1].Value, CultureInfo.InvariantCulture), double.Parse(place.Groups[2].Value, CultureInfo.InvariantCulture));
        // The label's part of the sheet: the code and the white around it.
        var cut = Regex.Replace(svg, @"width=""210mm"" height=""297mm"" viewBox=""[^""]*""", string.Create(CultureInfo.InvariantCulture, $"width=\"480\" height=\"480\" viewBox=\"{x - 2} {y - 2} 21 21\""));
        return await page.EvaluateAsync<string?>(
            """
            async svg => {
                const { decodeQR } = await import('/install/vendor/qr/decode.js');
                const image = new Image();
                image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
                await image.decode();
                const canvas = document.createElement('canvas');
                [canvas.width, canvas.height] = [480, 480];
                const context = canvas.getContext('2d');
                context.drawImage(image, 0, 0);
                return decodeQR(context.getImageData(0, 0, 480, 480));
            }
            """, cut);
    }
}
