import { query } from './database.ts'

interface PlanNode {
  'Node Type': string
  'Index Name'?: string
  'Relation Name'?: string
  Plans?: PlanNode[]
}

/** How a plan reaches each table, such as `Index Scan users_pkey`, in alphabetical order. */
export async function accessPaths(databaseUrl: string, statement: string): Promise<string[]> {
  const [row] = await query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    databaseUrl,
    `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${statement}`
  )
  return row ? pathsOf(row['QUERY PLAN'][0].Plan).sort() : []
}

function pathsOf(node: PlanNode): string[] {
  const own =
    node['Relation Name'] && node['Node Type'] !== 'ModifyTable'
      ? [`${node['Node Type']} ${node['Index Name'] ?? node['Relation Name']}`]
      : []
  return [...own, ...(node.Plans ?? []).flatMap(pathsOf)]
}
