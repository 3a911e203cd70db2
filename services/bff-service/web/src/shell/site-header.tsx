import { Burger, Button, Collapse, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconLogout } from '@tabler/icons-react'
import { useEffect } from 'react'
import { Link, useLocation } from 'react-router'
import { branding } from '../branding.ts'
import { showError } from '../components/show-message.ts'
import { useSessionState } from '../session/session.ts'
import { useSignOut } from '../session/sign-in.ts'
import { say } from '../texts/say.ts'
import { ColorSchemeToggle } from './color-scheme-toggle.tsx'
import { Navigation } from './navigation.tsx'
import classes from './site-header.module.css'

export function SiteHeader() {
  const { data: state } = useSessionState()
  const [isOpen, { toggle, close }] = useDisclosure()
  const { pathname } = useLocation()
  // biome-ignore lint/correctness/useExhaustiveDependencies: after a choice the list of pages is not needed
  useEffect(close, [pathname])
  // A sign-in to an app, or a sign-out from it, is one thing to do, and its page says itself who is signed in.
  const isForApp = pathname.startsWith('/authorize') || pathname === '/sign-out'
  const session = state?.status === 'signed_in' && !isForApp ? state.session : undefined
  return (
    <header className={classes.header}>
      <div className={classes.bar}>
        <Link to="/" className={classes.logo} data-has-mark={branding.logo ? true : undefined}>
          {branding.logo && <img src={branding.logo} alt="" className={classes.mark} />}
          <span className={classes.name}>{branding.productName}</span>
        </Link>
        {session && (
          <div className={classes.wide}>
            <Navigation session={session} />
          </div>
        )}
        <div className={classes.end}>
          {session && (
            <div className={classes.person}>
              <Username name={session.username} />
              <SignOutButton />
            </div>
          )}
          <ColorSchemeToggle />
          {session && (
            <Burger
              className={classes.burger}
              size="sm"
              opened={isOpen}
              onClick={toggle}
              aria-label={isOpen ? say('shell.closeMenu') : say('shell.openMenu')}
              aria-expanded={isOpen}
              aria-controls="site-menu"
            />
          )}
        </div>
      </div>
      {session && (
        <div id="site-menu" className={classes.menu}>
          <Collapse expanded={isOpen}>
            <div className={classes.menuContent}>
              <Navigation session={session} />
              <div className={classes.menuPerson}>
                <Username name={session.username} />
                <SignOutButton />
              </div>
            </div>
          </Collapse>
        </div>
      )}
    </header>
  )
}

function Username({ name }: { name: string }) {
  return (
    <Text span size="sm" fw={600} truncate className={classes.username} title={say('shell.signedInAs', { name })}>
      {name}
    </Text>
  )
}

function SignOutButton() {
  const signOut = useSignOut()
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={<IconLogout size={16} aria-hidden />}
      loading={signOut.isPending}
      onClick={() => signOut.mutate(undefined, { onError: (error) => showError(say('shell.stillSignedIn'), error) })}
    >
      {say('shell.signOut')}
    </Button>
  )
}
