/** The ladder page's one style sheet. */
export const ladderStyle = `
:root{color-scheme:light dark;--bg:#f7f8fa;--card:#fff;--ink:#1c2330;--soft:#667085;--line:#d9dee7;--edge:#e6e9ef;
--request:#1d63d8;--progress:#6b7f99;--success:#15803d;--redirect:#b7670a;--failure:#c8283c;--hook:#7c3aed;--media:#0f7f8c;--state:#5b6472;--milestone:#14532d;--milebg:#dcf5e3;--graine:#14532d}
@media (prefers-color-scheme:dark){:root{--bg:#0f1319;--card:#171c24;--ink:#e7ebf2;--soft:#93a0b4;--line:#333c49;--edge:#262e39;
--request:#6ea8ff;--progress:#94a7c0;--success:#4cc38a;--redirect:#eeb05a;--failure:#ff7b86;--hook:#b79bff;--media:#56c8d6;--state:#a3aebd;--milestone:#9be8b6;--milebg:#16341f;--graine:#1f7a45}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:max-content;min-width:min(100%,60rem);margin:0 auto;padding:28px 24px 64px}
h1{font-size:24px;line-height:1.25;margin:0 0 2px;letter-spacing:-.01em;overflow-wrap:anywhere}
.when{color:var(--soft);margin:0 0 18px}
.facts{display:flex;flex-wrap:wrap;gap:10px;margin:0 0 20px;padding:0}
.facts div{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:8px 14px;min-width:7rem}
.facts dt{color:var(--soft);font-size:12px}
.facts dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.facts .success dd{color:var(--success)}.facts .failure dd{color:var(--failure)}.facts .milestone dd{color:var(--success)}
.keys{display:flex;flex-wrap:wrap;gap:16px;color:var(--soft);font-size:12px;margin:0 0 12px;padding:0;list-style:none}
.keys li::before{content:"";display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px;background:currentColor}
.keys .request::before{background:var(--request)}.keys .progress::before{background:var(--progress)}.keys .success::before{background:var(--success)}
.keys .failure::before{background:var(--failure)}.keys .hook::before{background:var(--hook)}.keys .media::before{background:var(--media)}
.sheet{background:var(--card);border:1px solid var(--edge);border-radius:14px;overflow-x:auto;padding:0 0 14px}
.rows{width:max-content;min-width:100%}
.heads{display:flex;position:sticky;top:0;padding:10px 0 0;background:var(--card);border-bottom:1px solid var(--edge);z-index:1}
.gutter,.time{flex:0 0 84px;padding:0 14px 0 0;text-align:right}
.gutter{align-self:end;color:var(--soft);font-size:11px;padding-bottom:4px}
summary{display:flex;align-items:center;cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
summary:hover,details[open]>summary{background:color-mix(in srgb,var(--request) 7%,transparent)}
summary:focus-visible{outline:2px solid var(--request);outline-offset:-2px}
.time{color:var(--soft);font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-variant-numeric:tabular-nums}
svg{display:block;flex:none}
.life{stroke:var(--line);stroke-width:1.5}
.label{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--c);font-weight:600;paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.pill+.label{stroke:none}
.mark{fill:var(--soft);font-weight:400}
.shaft{stroke:var(--c);stroke-width:1.7}.head{fill:var(--c)}
.progress .shaft{stroke-dasharray:5 4}.repeated .shaft,.repeated .head,.repeated .label{opacity:.4}
.broken .life{stroke-dasharray:2 5}.gap{font:12px system-ui,sans-serif;fill:var(--soft);paint-order:stroke;stroke:var(--card);stroke-width:8px}
.pause{display:flex;align-items:center}
.pill{fill:var(--card);stroke:var(--c);stroke-width:1;stroke-opacity:.5}
.milestone .pill{fill:var(--milebg);stroke-opacity:.35}
.request{--c:var(--request)}.progress{--c:var(--progress)}.success{--c:var(--success)}.redirect{--c:var(--redirect)}.failure{--c:var(--failure)}
.hook{--c:var(--hook)}.media{--c:var(--media)}.state{--c:var(--state)}.milestone{--c:var(--milestone)}
.who{fill:var(--bg);stroke:var(--line)}.who.graine{fill:var(--graine);stroke:var(--graine)}.who.app{stroke:var(--hook)}
.name{font:600 13.5px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}.name.graine{fill:#fff}
.where{font:11.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--soft)}
.open{position:sticky;left:0;margin:0 16px 14px 84px;max-width:min(62rem,calc(100vw - 190px));border-left:3px solid var(--c);padding:4px 0 4px 14px}
h2{font-size:12px;color:var(--soft);font-weight:600;margin:10px 0 4px;overflow-wrap:anywhere}
pre{margin:0;padding:12px 14px;background:var(--bg);border-radius:8px;overflow:auto;max-height:28rem;font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
footer{color:var(--soft);font-size:12px;margin-top:14px}
@media print{summary{break-inside:avoid}.sheet{border:0}}
`;
