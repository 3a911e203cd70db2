import { useEffect } from 'react'
import { Navigate } from 'react-router'
import { LoadingPage } from '../layout/loading-page.tsx'
import { withinPages } from './return-path.ts'

/**
 * Goes to a path of this origin, which may be one of the app that these pages stand beside. The page of a sign-in to an app is loaded
 * as a document of its own, whose policy lets it show the logo of the app.
 */
export function ReturnTo({ path }: { path: string }) {
  const within = withinPages(path)
  const page = within?.startsWith('/authorize?') ? undefined : within
  useEffect(() => {
    if (page === undefined) window.location.replace(path)
  }, [page, path])
  return page === undefined ? <LoadingPage /> : <Navigate replace to={page} />
}
