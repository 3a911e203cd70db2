import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { filesIn } from './files-in.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Which files may import which. A rule looks at the source files under `files` and names what they must not import. */
const rules: { name: string; files: RegExp; except?: RegExp; mayNotImport: RegExp; isTypeAllowed?: true }[] = [
  {
    name: 'services never import each other',
    files: /^services\//,
    mayNotImport: /^@countersign\/(auth|resource|bff)-service/
  },
  {
    name: 'shared never imports a service',
    files: /^shared\//,
    mayNotImport: /^@countersign\/(auth|resource|bff)-service/
  },
  {
    name: 'the protocol vocabulary imports nothing',
    files: /^shared\/oauth\/src\//,
    mayNotImport: /^(?!\.|value of )/
  },
  {
    name: "the verifier's core needs jose alone",
    files: /^shared\/verifier\/src\//,
    except: /^shared\/verifier\/src\/(redis\/|http\/(express|fastify|hono|koa)\.ts$)/,
    mayNotImport: /^(?!\.|node:|jose$)/
  },
  ...['http/express.ts', 'http/fastify.ts', 'http/hono.ts', 'http/koa.ts', 'redis/'].map((adapter) => {
    const [name] = /\w+(?=\.ts|\/$)/.exec(adapter) ?? []
    return {
      name: `the verifier's adapter to ${name} imports nothing but ${name} and the core`,
      files: new RegExp(`^shared/verifier/src/${adapter}`),
      mayNotImport: new RegExp(`^(?!\\.|node:|${name}(/|$))`)
    }
  }),
  {
    name: "the verifier's adapters to frameworks import their types alone, so that nothing is loaded at run time",
    files: /^shared\/verifier\/src\/http\/(express|fastify|hono|koa)\.ts$/,
    mayNotImport: /^[^.]/,
    isTypeAllowed: true
  },
  {
    name: 'the verifier needs no other workspace, since it is installed where there is none',
    files: /^shared\/verifier\/src\//,
    mayNotImport: /^@countersign\//
  },
  {
    name: 'service tokens need jose alone',
    files: /^shared\/service-tokens\/src\//,
    mayNotImport: /^(?!\.|node:|jose$)/
  },
  {
    name: "Prisma stays in the auth-service's stores",
    files: /^(services|shared)\//,
    except: /^(services\/auth-service\/src\/stores\/postgres|shared\/testing)\//,
    mayNotImport: /^(@prisma\/|@countersign\/prisma|pg$)/
  },
  {
    name: "the redis client stays in the auth-service's stores, the service kit's connection and the verifier's adapter",
    files: /^(services|shared)\//,
    except:
      /^(services\/auth-service\/src\/stores\/redis|shared\/service-kit\/src\/redis|shared\/verifier\/src\/redis|shared\/testing)\//,
    mayNotImport: /^(redis|@redis\/.*)$/
  },
  {
    name: "the auth-service's stores are opened by server.ts and infrastructure.ts alone, and for the command line by cli-dependencies.ts; what server.ts makes of them knows their types",
    files: /^services\/auth-service\/src\//,
    except:
      /^services\/auth-service\/src\/(server\.ts|infrastructure\.ts|cli\/cli-dependencies\.ts|stores\/|endpoints\/endpoint-deps\.ts|recorders\.ts|start-revocation\.ts|background-work\.ts)/,
    mayNotImport: /\/stores\//
  },
  {
    name: 'what server.ts makes of the stores opens none',
    files: /^services\/auth-service\/src\/(endpoints\/endpoint-deps|recorders|start-revocation|background-work)\.ts$/,
    mayNotImport: /\/stores\//,
    isTypeAllowed: true
  },
  {
    name: 'the auth-service makes requests to other addresses by its guarded fetch alone',
    files: /^services\/auth-service\/src\//,
    except: /^services\/auth-service\/src\/outbound\//,
    mayNotImport: /^(node:(http|https|http2|tls|dns.*)|undici)$/
  },
  {
    name: 'the sessions of browsers know no HTTP framework',
    files: /^services\/bff-service\/src\/sessions\//,
    mayNotImport: /^(koa|@koa\/.*|.*\/endpoints\/.*)$/
  },
  {
    name: 'the pages share nothing with the services but the protocol vocabulary',
    // What the snippets import is in the text of programs that a page shows.
    files: /^services\/bff-service\/web\/src\/(?!admin\/clients\/(?:setup|sign-in)-snippets\.ts$)/,
    mayNotImport: /^(@countersign\/(?!oauth)|node:|\.\.\/\.\.\/\.\.\/)/
  },
  {
    name: 'what the auth-service does knows no HTTP framework',
    files:
      /^services\/auth-service\/src\/(accounts|audit|clients|grants|keys|passwords|revocation|sessions|sign-in|statistics|stores|tokens)\//,
    mayNotImport: /^(koa|@koa\/.*|.*\/endpoints\/.*)$/
  }
]

interface SourceFile {
  path: string
  imports: string[]
  /** Those that are there at run time. */
  values: string[]
}

const sources = ['services', 'shared', 'prisma', 'dev']
  .flatMap((folder) => filesIn(join(root, folder), /^(node_modules|dist|generated|test)$/))
  .filter((path) => /\.tsx?$/.test(path))
  .map(readSource)

function readSource(path: string): SourceFile {
  const text = readFileSync(path, 'utf8')
  const imports = [...text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'([^']+)'/g)].map(([, name]) => name as string)
  const values = [...text.matchAll(/^(?:import|export)\s+(?!type\b)(?:[\w*{}\s,]+?\bfrom\s+)?'([^']+)'/gm)].map(
    ([, name]) => name as string
  )
  return { path: relative(root, path), imports, values }
}

describe('import rules', () => {
  test('the sources are found, with their imports', () => {
    const main = sources.find(({ path }) => path === 'services/auth-service/src/main.ts')
    expect(main?.imports).toContain('@countersign/service-kit')
  })

  test.each(rules)('$name', ({ files, except, mayNotImport, isTypeAllowed }) => {
    const subject = sources.filter(({ path }) => files.test(path) && !except?.test(path))
    expect(subject).not.toHaveLength(0)
    const broken = subject.flatMap(({ path, imports, values }) =>
      (isTypeAllowed ? values : imports)
        .filter((name) => mayNotImport.test(name))
        .map((name) => `${path} imports ${name}`)
    )
    expect(broken).toEqual([])
  })
})
