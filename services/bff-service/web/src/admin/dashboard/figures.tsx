import type { Statistics } from '../../api/types.ts'
import { localeOfPage, say } from '../../texts/say.ts'
import classes from './figures.module.css'

export function Figures({ statistics }: { statistics: Statistics }) {
  const { users, sessions, last_day: lastDay } = statistics
  const count = new Intl.NumberFormat(localeOfPage())
  const figures = [
    { name: say('admin.dashboard.live'), value: sessions.live, note: say('admin.dashboard.now') },
    {
      name: say('admin.dashboard.users'),
      value: users.total,
      note: say('admin.dashboard.disabledUsers', { number: count.format(users.disabled) })
    },
    { name: say('admin.dashboard.signIns'), value: lastDay.sign_ins, note: say('admin.dashboard.last24') },
    { name: say('admin.dashboard.failedSignIns'), value: lastDay.failed_sign_ins, note: say('admin.dashboard.last24') },
    { name: say('admin.dashboard.revocations'), value: lastDay.revocations, note: say('admin.dashboard.last24') }
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
