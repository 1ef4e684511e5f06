/** The status page's whole style sheet, allowed by its hash in the page's content security policy. */
export const STATUS_PAGE_CSS = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1a1d21; --soft: #555f6d; --line: #d5dae0; --card: #f5f7f9; --link: #0b57d0; --alert: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --ink: #e8eaed; --soft: #a6afba; --line: #363c43; --card: #1d2125; --link: #8ab4f8; --alert: #f2b8b5; }
}
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.125rem; }
p { margin: 0.5rem 0; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: 0.75rem; margin: 0.75rem 0; }
.card { padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); }
.card dt { font-weight: 600; }
.card dd { margin: 0; overflow-wrap: anywhere; }
.note, small { color: var(--soft); font-size: 0.875rem; }
.value { font-size: 1.5rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
.first .value { font-size: 2.25rem; }
.alert { border-color: var(--alert); }
.alert .value, .alert .note { color: var(--alert); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.5rem 0.625rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
td { white-space: nowrap; }
td small { display: block; font-size: 0.8125rem; white-space: normal; }
td small span, time span { display: inline-block; white-space: nowrap; }
.note time { white-space: nowrap; }
thead th { color: var(--soft); vertical-align: bottom; font-weight: 600; }
th:first-child { position: sticky; left: 0; padding-left: 0; background: var(--ground); text-align: left; }
tbody th { font-weight: 400; }
`;
