import { NavLink } from 'react-router'
import type { SignedIn } from '../api/types.ts'
import { isAdmin } from '../session/session.ts'
import { say } from '../texts/say.ts'
import classes from './navigation.module.css'

const accountLinks = [{ to: '/', text: 'navigation.account' }] as const

const adminLinks = [
  { to: '/admin', text: 'navigation.dashboard' },
  { to: '/admin/users', text: 'navigation.users' },
  { to: '/admin/apis', text: 'navigation.apis' },
  { to: '/admin/roles', text: 'navigation.roles' },
  { to: '/admin/keys', text: 'navigation.keys' },
  { to: '/admin/clients', text: 'navigation.clients' },
  { to: '/admin/mail', text: 'navigation.mail' },
  { to: '/admin/audit', text: 'navigation.audit' }
] as const

export function Navigation({ session }: { session: SignedIn }) {
  const links = isAdmin(session) ? [...accountLinks, ...adminLinks] : accountLinks
  return (
    <nav aria-label={say('shell.navigation')}>
      <ul className={classes.list}>
        {links.map(({ to, text }) => (
          <li key={to}>
            <NavLink to={to} end={to === '/' || to === '/admin'} className={classes.link}>
              {say(text)}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  )
}
