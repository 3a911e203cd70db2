import { Text } from '@mantine/core'
import type { KeyList } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { timeSpanOf } from './key-phases.ts'
import { KeyRow } from './key-row.tsx'
import { useKeys } from './keys-api.ts'
import classes from './keys-page.module.css'
import { RotateButton } from './rotate-button.tsx'

export function KeysPage() {
  const query = useKeys()
  return (
    <Page title={say('admin.keys.title')} lead={say('admin.keys.lead')} actions={query.data && <RotateButton />}>
      <QueryResult query={query}>
        {(list) => (
          <Section title={say('admin.keys.timeline')} lead={<Schedule list={list} />}>
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
          {say('admin.keys.nextRotation')} <DateTime value={list.next_rotation_at} />.
        </>
      ) : (
        say('admin.keys.noRotation')
      )}{' '}
      {list.rotation_possible_at && (
        <>
          {say('admin.keys.possibleAt')} <DateTime value={list.rotation_possible_at} />.
        </>
      )}
    </>
  )
}

function KeyTimeLine({ list }: { list: KeyList }) {
  if (list.keys.length === 0) return <Text c="dimmed">{say('admin.keys.empty')}</Text>
  const span = timeSpanOf(list, new Date())
  return (
    <>
      <div className={classes.legend} aria-hidden>
        <span data-phase="published">{say('admin.keys.published')}</span>
        <span data-phase="signing">{say('admin.keys.signing')}</span>
        <span data-phase="retired">{say('admin.keys.retiredPublished')}</span>
        <span data-phase="now">{say('admin.keys.now')}</span>
      </div>
      <ul className={classes.list}>
        {list.keys.map((key) => (
          <KeyRow key={key.kid} signingKey={key} span={span} />
        ))}
      </ul>
    </>
  )
}
