// Builds before `npm pack` and `npm publish`, right after a clone too, and leaves in dist/ only what has a source: a
// build never removes the output of a file that was moved.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// npm runs it in the folder of the package.
const inPackage = (...path) => join(process.cwd(), ...path)
const setup = fileURLToPath(new URL('setup.mjs', import.meta.url))

// What it says goes to stderr: the stdout of `npm pack` is the tarball's name.
const { status } = spawnSync(process.execPath, [setup], { stdio: ['ignore', 2, 2] })
if (status !== 0) process.exit(1)

for (const path of readdirSync(inPackage('dist'), { recursive: true })) {
  const output = inPackage('dist', path)
  const source = inPackage('src', path.replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '.ts'))
  if (path !== '.tsbuildinfo' && !existsSync(source) && statSync(output).isFile()) rmSync(output)
}

// Each package has the change log of the whole, whose links lead into the repository.
copyFileSync(fileURLToPath(new URL('../CHANGELOG.md', import.meta.url)), inPackage('CHANGELOG.md'))
