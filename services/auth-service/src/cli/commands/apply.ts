import type { Command } from 'commander'
import { publicationHelp } from '../announcement.ts'
import { type Installation, readInstallation } from '../apply/installation-file.ts'
import { type PlanParts, planInstallation, type Step } from '../apply/plan.ts'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { endSessions } from '../end-sessions.ts'
import { RefusedError } from '../failures.ts'
import { nowHelp } from './apis.ts'

const maxAttempts = 3

interface ApplyOptions {
  dryRun?: boolean
  now?: boolean
  refuseSecrets?: boolean
}

/** `countersign apply FILE` */
export function addApply(program: Command, perform: Perform): void {
  program
    .command('apply')
    .description('create or change APIs, roles, clients and providers to match a file; others stay unchanged')
    .argument('<file>', 'YAML or JSON; - reads standard input')
    .option('--dry-run', 'say what would be different, and change nothing')
    .option('--now', 'end the sessions of users who lose a scope')
    .option('--refuse-secrets', 'change nothing if a new client would get a secret, for where the output is a log')
    .addHelpText(
      'after',
      `\nNeeds DATABASE_URL, and COUNTERSIGN_MASTER_KEY where the file names secrets of providers. It may run as often as you like: what is so already stays untouched. ${nowHelp}\n${publicationHelp}`
    )
    .action((file: string, options: ApplyOptions) => perform((context) => apply(context, file, options)))
}

async function apply({ parts, note }: CommandContext, file: string, options: ApplyOptions): Promise<CommandResult> {
  const installation = await readInstallation(file)
  const opened = await parts.openInstallation()
  const isDry = options.dryRun ?? false
  const done = await carryOut(opened, installation, options)
  const steps = done.map(({ step }) => step)
  const ended = isDry ? { document: {}, text: '' } : await endSessions(opened.sessionEndings, note, options.now)
  return {
    document: {
      dry_run: isDry,
      entries: done.map(({ step: { kind, id, action, differences }, shown }) => ({
        kind,
        id,
        action,
        differences,
        ...shown
      })),
      ...ended.document
    },
    text: `${done.flatMap(({ step, shown }) => linesOf(step, shown.client_secret)).join('\n')}\n${summaryOf(steps, isDry)}${ended.text}`
  }
}

interface Done {
  readonly step: Step
  readonly shown: Awaited<ReturnType<Step['carryOut']>>
}

/** Begins again where somebody else was faster, such as an issuer that makes its first API at the same moment. */
async function carryOut(parts: PlanParts, installation: Installation, options: ApplyOptions): Promise<Done[]> {
  const changed = new Map<string, Done>()
  for (let attempt = 1; ; attempt++) {
    const steps = await planInstallation(parts, installation)
    if (options.refuseSecrets) requireNoSecrets(steps)
    try {
      for (const step of options.dryRun ? [] : steps.filter(({ action }) => action !== 'keep')) {
        changed.set(nameOf(step), { step, shown: await step.carryOut(options.now ?? false) })
      }
      return steps.map((step) => changed.get(nameOf(step)) ?? { step, shown: {} })
    } catch (error) {
      const isTooLate = error instanceof RefusedError && error.code === 'changed_meanwhile'
      if (!isTooLate || attempt === maxAttempts) throw error
    }
  }
}

const nameOf = ({ kind, id }: Step) => `${kind} ${id}`

function requireNoSecrets(steps: readonly Step[]): void {
  const ids = steps.filter(({ makesSecret }) => makesSecret).map(({ id }) => id)
  if (ids.length === 0) return
  throw new RefusedError(
    'secret_would_be_shown',
    `These new clients would get a secret, which is shown this once: ${ids.join(', ')}. Run the command without --refuse-secrets, where only you see its output, or let the clients authenticate themselves with a key.`
  )
}

const signs = { create: '+', change: '~', keep: '=' } as const

function linesOf({ kind, id, action, differences }: Step, secret: string | undefined): string[] {
  return [
    `${signs[action]} ${kind} ${id}`,
    ...differences.map((difference) => `    ${difference}`),
    ...(secret === undefined ? [] : [`    Secret, shown only once: ${secret}`])
  ]
}

function summaryOf(steps: readonly Step[], isDry: boolean): string {
  const count = (action: Step['action']) => steps.filter((step) => step.action === action).length
  const words = isDry ? 'to create, %d to change, %d as they are' : 'created, %d changed, %d as they were'
  const counts = [count('change'), count('keep')]
  return `\n${count('create')} ${words.replaceAll('%d', () => String(counts.shift()))}.`
}
