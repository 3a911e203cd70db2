import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { childEnvironment, expectResponseWithin, startTcpProxy, type TcpProxy } from '@countersign/testing'
import { basic, post, postForm, register, signIn, unverifiedClaims } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { recordStream, startReplay } from '../chaos/feed-replay.ts'
import { blocksOf } from '../package/fixtures/pages.ts'
import { type Fixture, startFixture } from './fixture.ts'
import { python } from './follower-process.ts'

/** Responds to each line, a session, as a service would with `staleness` of 5 seconds at most. */
const program = `
import os
import sys
import threading
from feed_follower import Follower

feed = Follower(os.environ["FEED_URL"], lambda: os.environ["FEED_TOKEN"])
threading.Thread(target=feed.run, daemon=True).start()
for line in sys.stdin:
    staleness = feed.staleness()
    print(401 if feed.holds("sid", line.strip()) else 503 if staleness > 5 else 200, flush=True)
`

interface Follower {
  /** The status for a token of this session. */
  ask(sid: string): Promise<number>
  stop(): Promise<void>
}

/** The follower of docs/revocation-feed-http.md, which needs nothing but Python. */
describe.skipIf(spawnSync(python, ['--version']).status !== 0)('the follower in Python of the feed over HTTP', () => {
  let fixture: Fixture
  let folder: string
  let token: string
  let path: TcpProxy
  let follower: Follower
  let good: string

  beforeAll(async () => {
    fixture = await startFixture()
    folder = await mkdtemp(join(tmpdir(), 'countersign-follower-'))
    const [block] = blocksOf('docs/revocation-feed-http.md').filter(({ file }) => file === 'feed_follower.py')
    await writeFile(join(folder, 'feed_follower.py'), block?.code ?? '')
    await writeFile(join(folder, 'program.py'), program)
    const client = await fixture.newClient({ scopes: ['revocations:read'], audiences: [fixture.issuer] })
    const form = { grant_type: 'client_credentials', scope: 'revocations:read' }
    const headers = basic(client.client_id, client.client_secret)
    token = (await postForm<{ access_token: string }>(`${fixture.issuer}/oauth/token`, form, headers)).body.access_token
    path = await startTcpProxy({ target: fixture.issuer })
    follower = start(new URL('/revocations/feed', path.url).href)
    good = (await newSession()).sid
    await expectResponseWithin(10_000, 200, () => follower.ask(good))
  })
  afterAll(async () => {
    await follower?.stop()
    await path?.close()
    await fixture?.stop()
    if (folder) await rm(folder, { recursive: true })
  })

  function start(feedUrl: string): Follower {
    const child: ChildProcess = spawn(python, ['program.py'], {
      cwd: folder,
      env: childEnvironment({ FEED_URL: feedUrl, FEED_TOKEN: token }),
      stdio: ['pipe', 'pipe', 'ignore']
    })
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
    return {
      async ask(sid) {
        child.stdin?.write(`${sid}\n`)
        const { done, value } = await lines.next()
        if (done) throw new Error('the follower has ended')
        return Number(value)
      },
      async stop() {
        child.stdin?.end()
        if (child.exitCode === null) await once(child, 'exit')
      }
    }
  }
  const newSession = async () => {
    const { access_token: accessToken } = await signIn(fixture.issuer, await register(fixture.issuer))
    return { accessToken, sid: unverifiedClaims(accessToken).sid }
  }
  const logOut = async ({ accessToken }: { accessToken: string }) =>
    expect((await post(`${fixture.issuer}/auth/logout`, undefined, accessToken)).status).toBe(204)

  test('knows of a logout within a second', async () => {
    const session = await newSession()
    expect(await follower.ask(session.sid)).toBe(200)
    await logOut(session)
    await expectResponseWithin(1000, 401, () => follower.ask(session.sid))
    expect(await follower.ask(good)).toBe(200)
  })

  test('a connection that hangs: 503 within the bound, and then it knows what was missed', async () => {
    const [known, missed] = [await newSession(), await newSession()]
    await logOut(known)
    await expectResponseWithin(1000, 401, () => follower.ask(known.sid))
    path.pause()
    await logOut(missed)
    await expectResponseWithin(5500, 503, () => follower.ask(missed.sid))
    expect(await follower.ask(known.sid)).toBe(401)
    path.resume()
    path.dropConnections()
    await expectResponseWithin(5000, 401, () => follower.ask(missed.sid))
    await expectResponseWithin(5000, 200, () => follower.ask(good))
  })

  test('takes nothing for current that a cache replays', async () => {
    const headers = { Authorization: `Bearer ${token}` }
    const replay = await startReplay(await recordStream(`${fixture.issuer}/revocations/feed?nonce=recorded`, headers))
    const follower = start(`${replay.url}/revocations/feed`)
    onTestFinished(async () => {
      await follower.stop()
      await replay.close()
    })
    for (const end = performance.now() + 1500; performance.now() < end || replay.requests() < 2; await delay(50)) {
      expect(await follower.ask(good)).toBe(503)
    }
  })
})
