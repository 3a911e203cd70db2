// Runs before the first paint, so that a page in the colours that its user chose does not flash in those of the system. A file, since
// the Content-Security-Policy allows no inline script; the name of the entry is Mantine's.
{
  let chosen
  try {
    chosen = localStorage.getItem('mantine-color-scheme-value')
  } catch {
    // Storage may be blocked; then the system decides.
  }
  const ofSystem = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  const scheme = chosen === 'light' || chosen === 'dark' ? chosen : ofSystem
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme)
}
