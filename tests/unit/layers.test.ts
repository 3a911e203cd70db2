import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findCircle, findHomeless, findUpward, readImportGraph } from './import-graph.ts'
import { layersOfFolders } from './layers.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe.each(Object.entries(layersOfFolders))('the layers of %s', (folder, layers) => {
  const graph = readImportGraph(`${root}${folder}`)

  test('have a room for each file, and a file in each room', () => {
    expect(findHomeless(graph, layers)).toEqual([])
    const isEmpty = (room: string) =>
      room !== '.' && ![...graph.keys()].some((file) => file === room || file.startsWith(`${room}/`))
    expect(layers.flat().filter(isEmpty)).toEqual([])
  })

  test('are imported only from higher layers', () => {
    expect(findUpward(graph, layers)).toEqual([])
  })

  test('hold no files that import each other in a circle', () => {
    expect(findCircle(graph)).toEqual([])
  })
})

test.each(['auth-service', 'resource-service', 'bff-service'])(
  '%s is constructed in fewer than 120 lines',
  (service) => {
    expect(readFileSync(`${root}services/${service}/src/server.ts`, 'utf8').split('\n').length).toBeLessThan(120)
  }
)

describe('the check of layers', () => {
  const layers = [['.'], ['left', 'right'], ['top', 'right/entry.ts']]
  const graphOf = (imports: Record<string, string[]>) =>
    new Map(Object.entries({ 'ground.ts': [], 'left/a.ts': [], 'right/b.ts': [], 'top/c.ts': [], ...imports }))

  test('accepts imports from the same room and from lower layers, and of files outside', () => {
    const graph = graphOf({
      'top/c.ts': ['top/d.ts', 'left/a.ts', 'ground.ts'],
      'top/d.ts': ['../../other/src/e.ts'],
      'right/entry.ts': ['right/b.ts']
    })
    expect([findHomeless(graph, layers), findUpward(graph, layers), findCircle(graph)]).toEqual([[], [], []])
  })

  test.each([
    ['a lower layer', 'left/a.ts', 'top/c.ts'],
    ['the ground', 'ground.ts', 'left/a.ts'],
    ['a room beside', 'left/a.ts', 'right/b.ts'],
    ['the folder around a file of its own layer', 'right/b.ts', 'right/entry.ts']
  ])('finds an import upward from %s', (_, file, imported) => {
    const graph = graphOf({ 'right/entry.ts': [], [file]: [imported] })
    expect(findUpward(graph, layers)).toEqual([`${file} imports ${imported}`])
  })

  test('finds a circle, and not the files that lead to it', () => {
    const graph = graphOf({ 'top/c.ts': ['left/a.ts'], 'left/a.ts': ['left/d.ts'], 'left/d.ts': ['left/a.ts'] })
    expect(findCircle(graph)).toHaveLength(3)
    expect(findCircle(graph)).not.toContain('top/c.ts')
  })

  test('finds a file that no layer has a room for', () => {
    expect(findHomeless(graphOf({ 'nowhere/a.ts': [] }), layers)).toEqual(['nowhere/a.ts'])
  })
})
