/**
 * Who runs Postgres. It refuses to run as root, so root hands it to an unprivileged account. No account is made:
 * `nobody` exists everywhere, and initdb only asks that the account has a name.
 */

import { execFile } from 'node:child_process'
import { chown, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StartError } from '@countersign/service-kit'
import type { PostgresBinaries } from './postgres-binaries.ts'

const run = promisify(execFile)

/** How to start a program so that it runs under the account of Postgres. */
export interface PostgresAccount {
  /** Hands a file or folder to the account. */
  own(path: string): Promise<void>
  /** The command line and the spawn options that run `command` under the account. */
  asAccount(command: string, args: readonly string[]): AccountCommand
}

export interface AccountCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly options: { readonly uid?: number; readonly gid?: number }
}

interface Ids {
  readonly uid: number
  readonly gid: number
}

/** Runs programs as we are, behind the words of `prefix`. */
const ownAccount = (prefix: readonly string[] = []): PostgresAccount => ({
  own: async () => undefined,
  asAccount(command, args) {
    const [first = command, ...rest] = [...prefix, command]
    return { command: first, args: [...rest, ...args], options: {} }
  }
})

/**
 * The account that Postgres runs under: our own, or an unprivileged one when we are root.
 * @throws StartError when Postgres would refuse the account, and this machine has no way around.
 */
export async function choosePostgresAccount(
  dataDir: string,
  clusterDir: string,
  binaries: PostgresBinaries
): Promise<PostgresAccount> {
  if (process.geteuid?.() !== 0) return hasName() ? ownAccount() : withBorrowedName(binaries)
  const ids = (await ownerOf(clusterDir)) ?? (await idsOf('postgres')) ?? (await idsOf('nobody'))
  if (!ids) {
    throw new StartError(
      'Postgres refuses to run as root, and this machine has neither a "postgres" nor a "nobody" account to run it. ' +
        'Start as an ordinary user instead.'
    )
  }
  const own = (path: string) => chown(path, ids.uid, ids.gid)
  if (await isOpenTo(ids, dataDir, binaries)) {
    return { own, asAccount: (command, args) => ({ command, args, options: ids }) }
  }
  const privileges = privilegesToTraverse(ids)
  if (await isRunnable('setpriv', [...privileges, binaries.postgres, '--version'], binaries)) {
    return {
      own,
      asAccount: (command, args) => ({ command: 'setpriv', args: [...privileges, command, ...args], options: {} })
    }
  }
  throw new StartError(
    `Postgres refuses to run as root, and other accounts cannot reach ${dataDir} or the programs in node_modules. ` +
      'Start as an ordinary user, or move the clone out of the home folder of root.'
  )
}

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

/**
 * For a UID without an entry in /etc/passwd, as containers often have. In a user namespace it is called `nobody`, while its
 * files stay its own. Many containers may not make one.
 */
async function withBorrowedName(binaries: PostgresBinaries): Promise<PostgresAccount> {
  const nobody = await idsOf('nobody')
  if (nobody) {
    const account = ownAccount(['unshare', '--user', `--map-user=${nobody.uid}`, `--map-group=${nobody.gid}`, '--'])
    const { command, args } = account.asAccount(binaries.postgres, ['--version'])
    if (await isRunnable(command, args, binaries)) return account
  }
  throw new StartError(
    `Postgres wants to know the name of its account, and UID ${process.geteuid?.()} has no entry in /etc/passwd. Start as a user ` +
      'that has one, or add one, in a container for example with "docker run -v /etc/passwd:/etc/passwd:ro --user $(id -u):$(id -g)".'
  )
}

async function ownerOf(clusterDir: string): Promise<Ids | undefined> {
  const found = await stat(clusterDir).catch(() => undefined)
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined
}

async function idsOf(account: string): Promise<Ids | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', account]), run('id', ['-g', account])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}

async function isOpenTo(ids: Ids, dataDir: string, binaries: PostgresBinaries): Promise<boolean> {
  const script = '[ -x "$1" ] && [ -r "$2" ] && "$3" --version && "$4" --version'
  const sharedFile = join(binaries.postgres, '..', '..', 'share', 'postgresql', 'postgres.bki')
  const args = ['-c', script, 'sh', dataDir, sharedFile, binaries.postgres, binaries.initdb]
  return isRunnable('/bin/sh', args, binaries, ids)
}

/**
 * A clone below /root is closed to every other account, so the account keeps the one capability that passes through
 * closed folders. Postgres asks access(2) as well, which honours a capability only with `no_setuid_fixup`.
 */
function privilegesToTraverse({ uid, gid }: Ids): string[] {
  return [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override'
  ]
}

async function isRunnable(
  command: string,
  args: readonly string[],
  binaries: PostgresBinaries,
  ids: Partial<Ids> = {}
): Promise<boolean> {
  return run(command, args, { env: binaries.environment, cwd: '/', ...ids }).then(
    () => true,
    () => false
  )
}
