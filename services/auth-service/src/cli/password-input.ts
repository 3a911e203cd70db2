import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'
import { UsageError } from './failures.ts'

/** In bytes. Longer than any accepted password in any encoding. */
const maxBytes = 4096

/**
 * Reads one password: from a pipe, everything but a final line break; from a terminal, one line without echo.
 * @throws {UsageError} when there is none, or more than one line
 */
export async function readPassword(
  input: Readable & { isTTY?: boolean },
  prompt: (text: string) => void
): Promise<string> {
  const text = input.isTTY ? await readHidden(input, prompt) : (await readAll(input)).replace(/\r?\n$/, '')
  if (text === '') throw new UsageError('No password came on standard input.')
  if (/[\r\n]/.test(text)) throw new UsageError('Standard input must hold one line: the password.')
  return text
}

async function readAll(input: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk))
    length += chunks.at(-1)?.length ?? 0
    if (length > maxBytes) throw new UsageError(`Standard input holds more than a password (${maxBytes} bytes).`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new UsageError('Standard input must be UTF-8.')
  }
}

function readHidden(input: Readable, prompt: (text: string) => void): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input, output: nowhere, terminal: true })
  prompt('Password: ')
  return new Promise<string>((resolve, reject) => {
    terminal.once('line', resolve)
    // Ctrl-C and Ctrl-D.
    terminal.once('SIGINT', () => terminal.close())
    terminal.once('close', () => reject(new UsageError('No password was typed.')))
  }).finally(() => {
    terminal.close()
    prompt('\n')
  })
}
