import { useEffect } from 'react'
import { Navigate } from 'react-router'
import { LoadingPage } from '../layout/loading-page.tsx'
import { withinPages } from './return-path.ts'

/** Goes to a path of this origin, which may be one of the app that these pages stand beside. */
export function ReturnTo({ path }: { path: string }) {
  const page = withinPages(path)
  useEffect(() => {
    if (page === undefined) window.location.replace(path)
  }, [page, path])
  return page === undefined ? <LoadingPage /> : <Navigate replace to={page} />
}
