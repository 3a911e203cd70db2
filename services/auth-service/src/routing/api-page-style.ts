/**
 * The only style sheet of the API page: it follows the reader's choice of light or dark, and breaks long words on narrow
 * screens.
 */
export const apiPageStyle = `
:root { color-scheme: light dark; --line: light-dark(#d0d7de, #3d444d); --soft: light-dark(#f3f5f8, #1c2128); --quiet: light-dark(#57606a, #9da7b3); --link: light-dark(#0757b8, #6cb0ff) }
* { box-sizing: border-box }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; background: light-dark(#fff, #0f1318); color: light-dark(#1b1f24, #e6eaef); overflow-wrap: anywhere }
h1, h2, h3 { line-height: 1.25 }
h2 { margin-top: 2.5rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line) }
a { color: var(--link) }
code { font: .9em ui-monospace, monospace }
nav ul { columns: 20rem; padding: 0; list-style: none }
section { margin: 1.5rem 0; padding: .25rem 1rem 1rem; border: 1px solid var(--line); border-radius: .5rem }
section h3 code { font-size: 1em }
.method { display: inline-block; min-width: 4.5em; margin-right: .5em; padding: 0 .4em; border-radius: .25rem; background: var(--soft); font: 600 .8em ui-monospace, monospace; text-align: center }
h4 { margin: 1rem 0 .25rem }
p { margin: .25rem 0 }
dl { margin: .25rem 0; padding: .25rem .75rem; border-radius: .25rem; background: var(--soft) }
dt { margin-top: .25rem }
dd { margin: 0 0 .5rem 1rem; color: var(--quiet) }
dd dl { padding: 0 }
em { font-size: .85em }
ul.statuses { margin: 0; padding: 0; list-style: none }
`
