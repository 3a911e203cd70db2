import { NavLink } from 'react-router'
import type { SignedIn } from '../api/types.ts'
import { isAdmin } from '../session/session.ts'
import classes from './navigation.module.css'

const accountLinks = [{ to: '/', label: 'Account' }]

const adminLinks = [
  { to: '/admin', label: 'Dashboard' },
  { to: '/admin/users', label: 'Users' },
  { to: '/admin/apis', label: 'APIs' },
  { to: '/admin/roles', label: 'Roles' },
  { to: '/admin/keys', label: 'Keys' },
  { to: '/admin/clients', label: 'Clients' },
  { to: '/admin/mail', label: 'Mail' },
  { to: '/admin/audit', label: 'Audit log' }
]

export function Navigation({ session }: { session: SignedIn }) {
  const links = isAdmin(session) ? [...accountLinks, ...adminLinks] : accountLinks
  return (
    <nav aria-label="Pages">
      <ul className={classes.list}>
        {links.map(({ to, label }) => (
          <li key={to}>
            <NavLink to={to} end={to === '/' || to === '/admin'} className={classes.link}>
              {label}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  )
}
