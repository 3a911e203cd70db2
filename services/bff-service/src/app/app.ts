import { ConfigurationError } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { createUpstream } from '../proxy/upstream.ts'
import { createAppFiles } from './app-files.ts'
import { createAppServer } from './app-server.ts'

/** The operator's own app. */
export interface App {
  /** Responds to what is no path of this service. */
  readonly serve: Middleware
  close(): Promise<void>
}

export interface AppSettings {
  readonly publicUrl: string
  readonly appDir?: string | undefined
  readonly appUrl?: string | undefined
  readonly appContentSecurityPolicy: string
  readonly proxyBodyLimitBytes: number
  readonly upstreamTimeoutSeconds: number
  readonly upstreamIdleSeconds: number
}

/**
 * @returns the app of `APP_DIR` or `APP_URL`; `undefined` without one
 * @throws {ConfigurationError} when both are set; {@link StartError} when the folder is not usable
 */
export async function createApp(settings: AppSettings): Promise<App | undefined> {
  const { appDir, appUrl, publicUrl, proxyBodyLimitBytes: bodyLimitBytes } = settings
  if (appDir !== undefined && appUrl !== undefined) {
    throw new ConfigurationError(['APP_DIR and APP_URL exclude each other: set the one that serves the app.'])
  }
  if (appDir !== undefined) {
    return { serve: await createAppFiles(appDir, settings.appContentSecurityPolicy), close: async () => {} }
  }
  if (appUrl === undefined) return undefined
  const upstream = createUpstream({
    url: appUrl,
    name: 'The app',
    timeoutSeconds: settings.upstreamTimeoutSeconds,
    idleSeconds: settings.upstreamIdleSeconds
  })
  return { serve: createAppServer({ upstream, publicUrl, bodyLimitBytes }), close: () => upstream.close() }
}
