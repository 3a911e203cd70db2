import { Text } from '@mantine/core'
import type { KeyList } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { timeSpanOf } from './key-phases.ts'
import { KeyRow } from './key-row.tsx'
import { useKeys } from './keys-api.ts'
import classes from './keys-page.module.css'
import { RotateButton } from './rotate-button.tsx'

export function KeysPage() {
  const query = useKeys()
  return (
    <Page
      title="Signing keys"
      lead="Each key is published before it signs, and stays published until the last token that it signed is dead."
      actions={query.data && <RotateButton />}
    >
      <QueryResult query={query}>
        {(list) => (
          <Section title="Time line" lead={<Schedule list={list} />}>
            <KeyTimeLine list={list} />
          </Section>
        )}
      </QueryResult>
    </Page>
  )
}

function Schedule({ list }: { list: KeyList }) {
  return (
    <>
      {list.next_rotation_at ? (
        <>
          The next key signs from <DateTime value={list.next_rotation_at} /> on, by the schedule.
        </>
      ) : (
        'No rotation is scheduled.'
      )}{' '}
      {list.rotation_possible_at && (
        <>
          It may sign from <DateTime value={list.rotation_possible_at} /> on.
        </>
      )}
    </>
  )
}

function KeyTimeLine({ list }: { list: KeyList }) {
  if (list.keys.length === 0) return <Text c="dimmed">There is no key.</Text>
  const span = timeSpanOf(list, new Date())
  return (
    <>
      <div className={classes.legend} aria-hidden>
        <span data-phase="published">Published</span>
        <span data-phase="signing">Signing</span>
        <span data-phase="retired">Retired, still published</span>
        <span data-phase="now">Now</span>
      </div>
      <ul className={classes.list}>
        {list.keys.map((key) => (
          <KeyRow key={key.kid} signingKey={key} span={span} />
        ))}
      </ul>
    </>
  )
}
