import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { filesIn } from './files-in.ts'
import type { Layers } from './layers.ts'

/** The files of a folder, each with those that it imports, types included. Paths are from the folder, with `/`. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>

/** Reads the imports between the TypeScript files of a folder. */
export function readImportGraph(folder: string): ImportGraph {
  const paths = filesIn(folder, /^(node_modules|dist|generated|test)$/).filter((path) => /\.tsx?$/.test(path))
  return new Map(paths.map((path) => [relative(folder, path), importsOf(path).map((other) => relative(folder, other))]))
}

/** The files that a file imports by a relative path. */
function importsOf(path: string): string[] {
  const names = readFileSync(path, 'utf8').matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g)
  return [...names].map(([, name]) => join(dirname(path), name as string))
}

/** The files for which the layers have no room. */
export function findHomeless(graph: ImportGraph, layers: Layers): string[] {
  return [...graph.keys()].filter((file) => !roomOf(file, layers))
}

/** Each import from a higher layer, or from another room of the same one. */
export function findUpward(graph: ImportGraph, layers: Layers): string[] {
  return [...graph].flatMap(([file, imports]) => {
    const from = roomOf(file, layers)
    return imports
      .map((imported) => ({ imported, to: roomOf(imported, layers) }))
      .filter(({ to }) => from && to && to.name !== from.name && to.layer >= from.layer)
      .map(({ imported }) => `${file} imports ${imported}`)
  })
}

/** Files that import each other in a circle, the first one again at the end; empty when there is no circle. */
export function findCircle(graph: ImportGraph): string[] {
  const left = new Map(graph)
  for (let file = findLeaf(left); file !== undefined; file = findLeaf(left)) left.delete(file)
  // Each file that is left imports one that is left, so the way from any of them leads into a circle.
  const [start] = left.keys()
  const path: string[] = []
  for (let file = start; file !== undefined; file = left.get(file)?.find((one) => left.has(one))) {
    const before = path.indexOf(file)
    if (before !== -1) return [...path.slice(before), file]
    path.push(file)
  }
  return []
}

/** A file that imports none of the others. */
function findLeaf(graph: ImportGraph): string | undefined {
  return [...graph].find(([, imports]) => !imports.some((one) => graph.has(one)))?.[0]
}

interface Room {
  name: string
  layer: number
}

/** The room that names the file most exactly: the file itself, else the innermost folder. */
function roomOf(file: string, layers: Layers): Room | undefined {
  const rooms = layers.flatMap((names, layer) => names.map((name) => ({ name, layer })))
  for (let name = file; ; name = dirname(name)) {
    const room = rooms.find((one) => one.name === name)
    if (room && (name !== '.' || !file.includes('/'))) return room
    if (name === '.') return undefined
  }
}
