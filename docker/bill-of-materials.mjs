// Lists what npm has installed here, as CycloneDX 1.5. `npm sbom` refuses a tree in which workspaces are missing on purpose.
import { readFileSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync('node_modules/.package-lock.json', 'utf8'))
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

const installed = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link)
const components = installed.map(([path, entry]) => {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const purl = `pkg:npm/${name.replace('@', '%40')}@${entry.version}`
  return {
    type: 'library',
    'bom-ref': `${purl}?path=${encodeURIComponent(path)}`,
    name,
    version: entry.version,
    purl,
    ...(entry.license === undefined ? {} : { licenses: [{ expression: entry.license }] }),
    ...(entry.integrity === undefined ? {} : { hashes: [toHash(entry.integrity)] })
  }
})

/** From the form of Subresource Integrity. */
function toHash(integrity) {
  const [algorithm, content] = integrity.split(' ')[0].split(/-(.*)/s)
  return {
    alg: algorithm.toUpperCase().replace('SHA', 'SHA-'),
    content: Buffer.from(content, 'base64').toString('hex')
  }
}

const bill = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { component: { type: 'application', name: 'countersign', version } },
  components
}
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`)
