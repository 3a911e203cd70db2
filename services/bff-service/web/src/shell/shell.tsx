import { Suspense } from 'react'
import { Outlet, useLocation } from 'react-router'
import { ErrorBoundary } from '../layout/error-boundary.tsx'
import { LoadingPage } from '../layout/loading-page.tsx'
import { say } from '../texts/say.ts'
import { LanguageSwitch } from './language-switch.tsx'
import classes from './shell.module.css'
import { SiteHeader } from './site-header.tsx'

/** The frame of every page. */
export function Shell() {
  const { pathname } = useLocation()
  return (
    <div className={classes.shell}>
      <a className="skip-link" href="#main">
        {say('shell.skip')}
      </a>
      <SiteHeader />
      <main id="main" tabIndex={-1} className={classes.main}>
        <ErrorBoundary key={pathname}>
          <Suspense fallback={<LoadingPage />}>
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </main>
      <footer className={classes.footer}>
        <LanguageSwitch />
      </footer>
    </div>
  )
}
