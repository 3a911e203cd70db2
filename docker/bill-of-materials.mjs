// Lists what a bundle has, by the list beside it, and what else is installed here, as CycloneDX 1.5. `npm sbom` knows neither.
import { existsSync, readFileSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const bundled = new Set(JSON.parse(readFileSync(process.argv[2], 'utf8')))
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

const present = Object.entries(packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && !link && isHere(path)
)
const components = present.map(([path, entry]) => {
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

function isHere(path) {
  return bundled.has(path) || existsSync(`${path}/package.json`)
}

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
