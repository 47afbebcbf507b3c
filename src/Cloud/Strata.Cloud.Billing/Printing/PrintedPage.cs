namespace Strata.Cloud.Billing.Printing;

/// <summary>What the printed pages share: one A4 column, black on white on paper, figures that stand under each other.</summary>
internal static class PrintedPage
{
    private const string Style = """
        :root{color-scheme:light;--fg:#14211f;--dim:#52605d;--line:#d3dad8;--key:#0b6e66;--bad:#a1201a;--good:#0b6e3a;--soft:#f3f6f5}
        *{box-sizing:border-box}body{margin:0;background:#e9edec;color:var(--fg);font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        main{max-width:60rem;margin:2rem auto;background:#fff;padding:3rem;border:1px solid var(--line);border-radius:.5rem}
        header{display:flex;justify-content:space-between;gap:2rem;align-items:flex-start;border-bottom:2px solid var(--key);padding-bottom:1.25rem;margin-bottom:1.5rem}
        h1{font-size:1.6rem;line-height:1.2;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}p{margin:.25rem 0}.dim{color:var(--dim)}.small{font-size:.82rem}
        .brand{font-weight:700;letter-spacing:.02em;color:var(--key);font-size:1.1rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;margin:0}dt{color:var(--dim)}dd{margin:0}
        table{width:100%;border-collapse:collapse;margin:.5rem 0}th{text-align:left;font-weight:600;color:var(--dim);font-size:.82rem;border-bottom:1px solid var(--fg);padding:.35rem .5rem}
        td{padding:.4rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        tfoot td{border-bottom:0}tfoot tr:first-child td{border-top:1px solid var(--fg)}.total td{font-weight:700;font-size:1.1rem;border-top:2px solid var(--fg)}
        .tag{display:inline-block;padding:.1rem .55rem;border-radius:1rem;border:1px solid currentColor;font-weight:600;font-size:.82rem}.good{color:var(--good)}.bad{color:var(--bad)}
        .bar{height:.5rem;background:var(--line);border-radius:.25rem;overflow:hidden;margin:.35rem 0;min-width:8rem}.bar i{display:block;height:100%;background:var(--key)}.bar i.over{background:var(--bad)}
        section{break-inside:avoid}code{font:.8rem/1.4 ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}footer{margin-top:2rem;padding-top:1rem;border-top:1px solid var(--line)}
        details summary{cursor:pointer;color:var(--key)}
        @media(max-width:40rem){main{margin:0;padding:1.25rem;border:0;border-radius:0}header{flex-direction:column;gap:.75rem}.wide{overflow-x:auto}}
        @page{size:A4;margin:16mm}@media print{body{background:#fff;font-size:10.5pt}main{max-width:none;margin:0;padding:0;border:0}thead{display:table-header-group}tr{break-inside:avoid}
        .bar,.bar i,.tag{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """;

    /// <param name="title">As text; encoded here.</param>
    /// <param name="body">As HTML.</param>
    public static string Write(string title, string body) => $"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>{Formats.Text(title)}</title><style>{Style}</style></head>
        <body><main>{body}</main></body></html>

        """;
}
