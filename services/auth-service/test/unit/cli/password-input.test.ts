import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../src/cli/failures.ts'
import { readPassword } from '../../../src/cli/password-input.ts'

const fromPipe = (...chunks: (string | Buffer)[]) =>
  readPassword(Readable.from(chunks.map((one) => Buffer.from(one))), () => {})

describe('a password on standard input', () => {
  test.each([
    [['correct horse'], 'correct horse'],
    [['correct ', 'horse\n'], 'correct horse'],
    [['correct horse\r\n'], 'correct horse'],
    [[' spaces stay '], ' spaces stay '],
    [[Buffer.from('pässwörd').subarray(0, 2), Buffer.from('pässwörd').subarray(2)], 'pässwörd']
  ])('%j is %j', async (chunks, password) => {
    expect(await fromPipe(...chunks)).toBe(password)
  })

  test.each([[['']], [['\n']], [['one\ntwo']], [['one\n\n']], [['x'.repeat(5000)]], [[Buffer.from([0xff, 0xfe])]]])(
    '%j is refused',
    async (chunks) => {
      await expect(fromPipe(...chunks)).rejects.toThrow(UsageError)
    }
  )

  function terminal() {
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined })
    let shown = ''
    const password = readPassword(input, (text) => {
      shown += text
    })
    return { input, password, shown: () => shown }
  }

  test('is typed at a terminal behind a prompt, and not shown', async () => {
    const { input, password, shown } = terminal()
    input.write('correct horse\r')
    expect(await password).toBe('correct horse')
    expect(shown()).toBe('Password: \n')
  })

  test.each([['\u0003'], ['\u0004']])('%j at a terminal ends the command', async (key) => {
    const { input, password } = terminal()
    input.write(key)
    await expect(password).rejects.toThrow('No password was typed.')
  })
})
