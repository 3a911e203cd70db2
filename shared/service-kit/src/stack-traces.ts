import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Shows stack traces by the files of the sources, where the program is a bundle. A source map is read with the first trace that
 * needs it: Node's `--enable-source-maps` reads all of them at the start, which costs time and 20 MB.
 */
export function showSourcesInStackTraces(): void {
  const maps = new Map<string, SourceMap | undefined>()
  const mapOf = (file: string) => {
    if (!maps.has(file)) maps.set(file, readMap(file))
    return maps.get(file)
  }
  Error.prepareStackTrace = (error, frames) =>
    [headOf(error), ...frames.map((frame) => `\n    at ${place(frame)}`)].join('')

  function place(frame: NodeJS.CallSite): string {
    const [file, line, column] = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()]
    if (!file?.startsWith('file:') || line === null || column === null) return String(frame)
    const found = mapOf(file)?.findEntry(line - 1, column - 1)
    if (!found || !('originalSource' in found)) return String(frame)
    const { originalSource, originalLine, originalColumn } = found
    const source = `${fileURLToPath(new URL(originalSource, file))}:${originalLine + 1}:${originalColumn + 1}`
    return String(frame).replace(`${file}:${line}:${column}`, () => source)
  }
}

/** The same as Node's own, without a method of the error, which could fail, or say more than its message. */
function headOf(error: unknown): string {
  try {
    return Error.prototype.toString.call(error)
  } catch {
    return '<error>'
  }
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${file}.map`), 'utf8')))
  } catch {
    // There is none.
    return undefined
  }
}
