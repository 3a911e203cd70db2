import type { Statistics } from '../../api/types.ts'
import { localeOfPage } from '../../texts/say.ts'
import classes from './figures.module.css'

export function Figures({ statistics }: { statistics: Statistics }) {
  const { users, sessions, last_day: lastDay } = statistics
  const count = new Intl.NumberFormat(localeOfPage())
  const figures = [
    { name: 'Live sessions', value: sessions.live, note: 'now' },
    { name: 'Users', value: users.total, note: `${count.format(users.disabled)} disabled` },
    { name: 'Sign-ins', value: lastDay.sign_ins, note: 'last 24 hours' },
    { name: 'Failed sign-ins', value: lastDay.failed_sign_ins, note: 'last 24 hours' },
    { name: 'Revocations', value: lastDay.revocations, note: 'last 24 hours' }
  ]
  return (
    <dl className={classes.figures}>
      {figures.map(({ name, value, note }) => (
        <div key={name} className={classes.figure}>
          <dt>{name}</dt>
          <dd className={classes.value}>{count.format(value)}</dd>
          <dd className={classes.note}>{note}</dd>
        </div>
      ))}
    </dl>
  )
}
