import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** What a process holds of memory, in MiB; `undefined` where the system does not tell. */
export function residentMib(pid: number): number | undefined {
  const kib = existsSync('/proc/self/status') ? fromProc(pid) : fromPs(pid)
  return kib === undefined ? undefined : kib / 1024
}

function fromProc(pid: number): number | undefined {
  return kibibytes(/VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

function fromPs(pid: number): number | undefined {
  try {
    return kibibytes(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString())
  } catch {
    return undefined
  }
}

function kibibytes(text: string | undefined): number | undefined {
  return text === undefined || !/^\s*\d+\s*$/.test(text) ? undefined : Number(text)
}
