import type { Command } from 'commander'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { checkDatabase } from '../doctor/check-database.ts'
import { checkIssuer } from '../doctor/check-issuer.ts'
import { checkMail } from '../doctor/check-mail.ts'
import { checkRedis } from '../doctor/check-redis.ts'
import { type Finding, findingsOf } from '../doctor/finding.ts'
import { RefusedError, UsageError } from '../failures.ts'
import { textTable } from '../text-table.ts'

interface DoctorOptions {
  issuer?: string
  address?: string
}

/** `countersign doctor` */
export function addDoctor(program: Command, perform: Perform): void {
  program
    .command('doctor')
    .description('check a running installation from outside, and report faults')
    .option('--issuer <url>', 'what the tokens have in "iss"; else ISSUER')
    .option('--address <url>', 'where the issuer can be reached from here, when that is another URL')
    .addHelpText(
      'after',
      '\nLooks at what is given: the issuer (ISSUER), the database and the master key (DATABASE_URL,\n' +
        'COUNTERSIGN_MASTER_KEY), Redis, its settings and the feed in it (REDIS_URL), the mail server (SMTP_URL, MAIL_FROM), and all\n' +
        'clocks. It changes nothing, and sends no mail.\n' +
        'Ends with exit code 3 when something is wrong.'
    )
    .action((options: DoctorOptions) => perform((context) => examine(context, options)))
}

async function examine({ parts, note }: CommandContext, options: DoctorOptions): Promise<CommandResult> {
  const { issuer: configured, database, redisUrl, smtp } = await parts.openInspection()
  const issuer = options.issuer ?? configured
  if (options.issuer !== undefined && !URL.canParse(options.issuer)) throw new UsageError('--issuer: is not a URL.')
  if (options.address !== undefined && !URL.canParse(options.address)) throw new UsageError('--address: is not a URL.')
  const findings: Finding[] = []
  const add = (more: readonly Finding[]) => {
    for (const { check, state, text } of more) note(`${state.padEnd(8)} ${check.padEnd(15)} ${text}`)
    findings.push(...more)
  }
  const seen = issuer === undefined ? undefined : await checkIssuer(issuer, options.address)
  add(seen?.findings ?? [findingsOf('metadata').skipped('There is no ISSUER, and no --issuer.')])
  add(
    database ? await checkDatabase(database, seen?.kids) : [findingsOf('database').skipped('There is no DATABASE_URL.')]
  )
  add(redisUrl ? await checkRedis(redisUrl) : [findingsOf('redis').skipped('There is no REDIS_URL.')])
  if (smtp) add([await checkMail(smtp)])
  const failed = findings.filter(({ state }) => state === 'failed')
  if (failed.length > 0) {
    const count = failed.length === 1 ? 'One check has' : `${failed.length} checks have`
    throw new RefusedError('faults_found', `${count} failed: ${failed.map(({ check }) => check).join(', ')}.`, {
      findings
    })
  }
  return { document: { findings }, text: summary(findings) }
}

function summary(findings: readonly Finding[]): string {
  const counts = (['ok', 'warning', 'skipped'] as const).map((state) => [
    state,
    String(findings.filter((finding) => finding.state === state).length)
  ])
  return `Nothing is wrong.\n${textTable(counts)}`
}
