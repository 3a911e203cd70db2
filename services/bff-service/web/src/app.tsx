import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { BrowserRouter } from 'react-router'
import { AppRoutes } from './routes.tsx'
import { useLanguage } from './texts/language.ts'
import { createPageTheme, cssVariables } from './theme.ts'

interface AppProps {
  /** Where the pages stand: `/`, or a path without a slash at its end. */
  pagesPath: string
  styleNonce: string
  queryClient: QueryClient
}

export function App({ pagesPath, styleNonce, queryClient }: AppProps) {
  // Renders every page again when it changes.
  useLanguage()
  return (
    <MantineProvider
      theme={createPageTheme()}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => styleNonce}
    >
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-right" />
        <BrowserRouter basename={pagesPath}>
          <AppRoutes />
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  )
}
