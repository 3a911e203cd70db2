import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const script = fileURLToPath(new URL('../../deploy/swarm/make-secrets.sh', import.meta.url))

/** Stands for a Docker whose managers cannot be reached from the seventh secret on. The cluster suite has a real one, which does not fail. */
const docker = `#!/bin/sh
case "$1 $2" in
  'secret ls') ls "$SECRETS" ;;
  'secret create') [ "$(ls "$SECRETS" | wc -l)" -lt "$LIMIT" ] || exit 1; cat "$4" >"$SECRETS/$3" ;;
  'secret rm') shift 2; for name; do rm "$SECRETS/$name"; done ;;
  'run --rm')
    for word; do case "$word" in *:/run/countersign) folder=\${word%:/run/countersign} ;; esac; done
    cd "$folder"
    for file in database/password database/url redis/acl-2.conf redis/url verifier/redis-url browser/redis-url issuer/master-key \\
      issuer/admin-password browser/forwarder-key verifier/client-key.pem clients/resource-service.jwks.json; do echo x >"$file"; done ;;
esac
`

describe('deploy/swarm/make-secrets.sh', () => {
  let programs: string
  let secrets: string

  beforeEach(async () => {
    programs = await mkdtemp(join(tmpdir(), 'countersign-docker-'))
    secrets = await mkdtemp(join(tmpdir(), 'countersign-secrets-'))
    await writeFile(join(programs, 'docker'), docker, { mode: 0o755 })
  })
  afterEach(() => Promise.all([programs, secrets].map((folder) => rm(folder, { recursive: true, force: true }))))

  const run = (limit: number) =>
    spawnSync('sh', [script, 'image'], {
      env: { PATH: `${programs}:${process.env.PATH}`, SECRETS: secrets, LIMIT: String(limit) },
      encoding: 'utf8'
    })

  test('makes all secrets or none, so that it can run again', async () => {
    expect(run(6).status).toBe(1)
    expect(await readdir(secrets)).toEqual([])
    expect(run(11)).toMatchObject({ status: 0, stderr: '' })
    expect(await readdir(secrets)).toHaveLength(11)
  })

  test('leaves secrets that are there, and says how to remove them', async () => {
    await writeFile(join(secrets, 'countersign-database-password'), 'x')
    await writeFile(join(secrets, 'countersign-database-url'), 'x')
    const { status, stderr } = run(11)
    expect(status).toBe(1)
    expect(stderr).toMatch(/^docker secret rm countersign-database-password countersign-database-url$/m)
    expect(await readdir(secrets)).toHaveLength(2)
  })
})
