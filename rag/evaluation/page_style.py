"""How the evaluation's page looks, by day and by night, on a desk and on a phone."""

CSS = """
:root { color-scheme: light dark; --ink: #1b202a; --soft: #5d6574; --line: #e1e4ea; --paper: #ffffff; --card: #f6f7f9;
  --ours: #3f57d0; --plain: #9aa1af; --good: #1a7f4b; --bad: #b4472e; --mark: #ffe9a3; --proof: #d3f0df; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --soft: #a2a9b7; --line: #2c3340; --paper: #11151b; --card: #1a1f28;
  --ours: #8199f8; --plain: #6a7282; --good: #5cc48d; --bad: #ee8f77; --mark: #6b5310; --proof: #174a30; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
main { max-width: 1120px; margin: 0 auto; padding: 2.5rem 1.5rem 5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; letter-spacing: -.015em; }
h2 { font-size: 1.25rem; margin: 3rem 0 .4rem; }
h3 { font-size: 1rem; margin: 2rem 0 .4rem; }
p { margin: .3rem 0; max-width: 75ch; text-wrap: pretty; }
.soft, small, .says { color: var(--soft); }
.says { display: block; font-size: .85rem; font-weight: 400; max-width: 46ch; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .5rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal; }
thead th { color: var(--soft); font-size: .85rem; font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 600; }
td small { display: block; font-size: .8rem; }
.better { color: var(--good); } .worse { color: var(--bad); }
.key { display: flex; gap: 1.2rem; flex-wrap: wrap; margin: .6rem 0 .8rem; font-size: .9rem; color: var(--soft); }
.key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 3px; margin-right: .4rem; vertical-align: -1px; }
.chart { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .75rem 1rem; align-items: center; }
.chart > b { font-weight: 500; } .chart > b small { font-weight: 400; margin-left: .3rem; }
.bar { position: relative; height: 17px; margin: 2px 3rem 2px 0; background: var(--card); border-radius: 4px; }
.bar i { position: absolute; inset: 0 auto 0 0; border-radius: 4px; }
.bar u { position: absolute; top: 7.5px; height: 2px; background: var(--ink); opacity: .7; }
.bar span { position: absolute; left: 100%; top: -4px; padding-left: .5rem; font-size: .85rem;
  white-space: nowrap; font-variant-numeric: tabular-nums; }
.lodestar { background: var(--ours); } .plain { background: var(--plain); }
details { border: 1px solid var(--line); border-radius: 10px; margin: .6rem 0; background: var(--paper); }
summary { position: relative; cursor: pointer; padding: .7rem 1rem .7rem 2.1rem; display: grid;
  grid-template-columns: 1fr auto; gap: .1rem 1rem; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: ""; position: absolute; left: 1rem; top: 1.15rem; border: 5px solid transparent;
  border-left-color: var(--soft); transform-origin: 25% 50%; }
details[open] summary::before { transform: rotate(90deg); }
summary:focus-visible { outline: 2px solid var(--ours); outline-offset: 2px; border-radius: 10px; }
summary b { font-weight: 600; } summary small { grid-column: 1 / -1; font-size: .85rem; }
summary .rank { font-size: .9rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
details[open] summary { border-bottom: 1px solid var(--line); }
.inside { padding: .8rem 1rem 1rem; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1.2rem; margin-top: .8rem; }
.sides h4 { margin: 0 0 .4rem; font-size: .95rem; }
ol { margin: 0; padding: 0; list-style: none; counter-reset: n; }
li { counter-increment: n; border: 1px solid var(--line); border-left-width: 4px; border-radius: 8px; padding: .5rem .7rem;
  margin: .5rem 0; background: var(--card); }
li.relevant { border-left-color: var(--good); }
li .where { font-size: .8rem; color: var(--soft); } li .where::before { content: counter(n) ". "; }
li .where b { color: var(--good); font-weight: 600; }
li pre { margin: .3rem 0 0; font: inherit; font-size: .88rem; white-space: pre-wrap; max-height: 24rem; overflow: auto; }
mark { background: var(--mark); color: inherit; border-radius: 3px; padding: 0 1px; }
mark.proof { background: var(--proof); }
@media (max-width: 720px) {
  main { padding: 1.5rem 1rem 4rem; } h1 { font-size: 1.5rem; }
  summary { grid-template-columns: 1fr; } summary .rank { color: var(--soft); }
  .chart { grid-template-columns: 1fr; gap: .1rem; } .chart > b { margin-top: .6rem; }
  table, tbody { display: block; } thead { display: none; }
  tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  tbody th, td { display: flex; justify-content: space-between; gap: 1rem; border: 0; padding: .12rem 0; white-space: normal; }
  tbody th { display: block; text-align: left; padding-bottom: .3rem; }
  td::before { content: attr(data-label); color: var(--soft); font-size: .9rem; }
  td small { display: inline; margin-left: .35rem; }
}
@media print { details > * { display: block; } main { max-width: none; } }
"""
