import { Suspense } from 'react'
import { Outlet, useLocation } from 'react-router'
import { ErrorBoundary } from '../layout/error-boundary.tsx'
import { LoadingPage } from '../layout/loading-page.tsx'
import { say } from '../texts/say.ts'
import { SiteHeader } from './site-header.tsx'

/** The frame of every page. */
export function Shell() {
  const { pathname } = useLocation()
  return (
    <>
      <a className="skip-link" href="#main">
        {say('shell.skip')}
      </a>
      <SiteHeader />
      <main id="main" tabIndex={-1}>
        <ErrorBoundary key={pathname}>
          <Suspense fallback={<LoadingPage />}>
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </main>
    </>
  )
}
