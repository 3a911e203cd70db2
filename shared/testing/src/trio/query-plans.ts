import { query } from './database.ts'

interface PlanNode {
  'Node Type': string
  'Index Name'?: string
  'Relation Name'?: string
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  Plans?: PlanNode[]
}

/** How a statement reaches each table whatever its values are, such as `Index Scan users_pkey`; in alphabetical order. */
export async function accessPaths(databaseUrl: string, statement: string): Promise<string[]> {
  return pathsOf(await explain(databaseUrl, `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${statement}`)).sort()
}

/** How a statement that is carried out with these values reaches each table, and how many blocks of 8 KiB it reads. */
export async function executedPlan(
  databaseUrl: string,
  statement: string,
  values: readonly unknown[]
): Promise<{ paths: string[]; blocks: number }> {
  const plan = await explain(databaseUrl, `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`, values)
  return {
    paths: pathsOf(plan).sort(),
    blocks: (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
  }
}

async function explain(databaseUrl: string, text: string, values: readonly unknown[] = []): Promise<PlanNode> {
  const [row] = await query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(databaseUrl, text, [...values])
  if (!row) throw new Error(`no plan for ${text}`)
  return row['QUERY PLAN'][0].Plan
}

function pathsOf(node: PlanNode): string[] {
  const reached = node['Index Name'] ?? node['Relation Name']
  const own = reached && node['Node Type'] !== 'ModifyTable' ? [`${node['Node Type']} ${reached}`] : []
  return [...own, ...(node.Plans ?? []).flatMap(pathsOf)]
}
