/** The status page's whole style sheet, allowed by its hash in the page's content security policy. */
export const STATUS_PAGE_CSS = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1a1d21; --soft: #5a6472; --line: #d5dae0; --card: #f5f7f9; --link: #0b57d0; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --ink: #e8eaed; --soft: #a0a9b4; --line: #363c43; --card: #1d2125; --link: #8ab4f8; }
}
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.125rem; }
a { color: var(--link); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(13rem, 100%), 1fr)); gap: 0.75rem; margin: 1rem 0; }
.card { padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); }
.card dt, .note { color: var(--soft); font-size: 0.875rem; }
.card dd { margin: 0; overflow-wrap: anywhere; }
.card .value { font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.375rem 0.75rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
`;
