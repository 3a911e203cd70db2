/** `npm run release`: packs what users install, checks it, and publishes it. It publishes nothing unless every check has passed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faultsOfManifests, faultsOfTarball, hasChanges, isOnRegistry, type Manifest, run } from './checks.ts'

const usage = `Usage: npm run release -- [--dry-run]

Builds and packs @countersign/verifier and @countersign/service-tokens, checks each tarball (contents, publint,
@arethetypeswrong/cli), and publishes both with provenance. Provenance needs a build server that npm knows.

  --dry-run  ends before anything is sent or asked of the registry; a tree with changes is only named
  --help     shows this
`
const workspaces = ['shared/verifier', 'shared/service-tokens']

interface Options {
  readonly isHelp?: boolean
  readonly isDryRun: boolean
}

function readArguments(args: readonly string[]): Options {
  if (args.includes('--help')) return { isHelp: true, isDryRun: true }
  const unknown = args.find((arg) => arg !== '--dry-run')
  if (unknown !== undefined) throw new Error(`unknown argument ${unknown}\n\n${usage}`)
  return { isDryRun: args.length > 0 }
}

const readManifest = (workspace: string): Manifest => JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8'))
const say = (line: string) => process.stdout.write(`${line}\n`)

function pack(workspace: string, folder: string): string {
  const printed = run('npm', ['pack', '-w', workspace, '--pack-destination', folder, '--loglevel=error'])
  return join(folder, printed.trim().split('\n').at(-1) ?? '')
}

/** What the registry and Git have against a release; a dry run asks Git alone. */
function faultsOfRelease(manifests: readonly Manifest[], isDryRun: boolean): string[] {
  const changes = hasChanges() ? ['the tree has changes that are not committed'] : []
  if (!isDryRun)
    return [...changes, ...manifests.filter(isOnRegistry).map((one) => `${idOf(one)} is published already`)]
  for (const change of changes) say(`note: ${change}; a release would end here`)
  return []
}

const idOf = ({ name, version }: Manifest) => `${name}@${version}`

function release({ isDryRun }: Options): void {
  const manifests = workspaces.map(readManifest)
  const before = [...faultsOfManifests(manifests), ...faultsOfRelease(manifests, isDryRun)]
  if (before.length > 0) throw new Error(before.join('\n'))
  const folder = mkdtempSync(join(tmpdir(), 'countersign-release-'))
  try {
    const tarballs = workspaces.map((workspace) => pack(workspace, folder))
    const faults = tarballs.flatMap(faultsOfTarball)
    if (faults.length > 0) throw new Error(faults.join('\n'))
    for (const [at, tarball] of tarballs.entries()) publish(idOf(manifests[at] as Manifest), tarball, isDryRun)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function publish(id: string, tarball: string, isDryRun: boolean): void {
  const args = ['publish', tarball, '--provenance', '--access', 'public']
  say(`${id} is ready`)
  if (isDryRun) say(`would run: npm ${args.join(' ')}`)
  else run('npm', args)
}

try {
  const options = readArguments(process.argv.slice(2))
  if (options.isHelp) say(usage)
  else release(options)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
