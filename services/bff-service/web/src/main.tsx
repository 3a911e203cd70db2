/** The pages of the bff-service: a person's own account, and the administration for those with the role `admin`. */
import './styles.ts'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { showIcon } from './branding.ts'
import { pagesPath } from './session/pages-path.ts'
import { createQueryClient } from './session/query-client.ts'
import { followSession } from './session/tabs.ts'
import { markTypedForms } from './session/typed-forms.ts'
import { adoptStyleNonce } from './style-nonce.ts'
import { openLanguage } from './texts/language.ts'

const root = document.getElementById('root')
if (!root) throw new TypeError('index.html has no element with the id "root"')

const styleNonce = adoptStyleNonce(document)

const queryClient = createQueryClient()
followSession(queryClient)
markTypedForms(document)

showIcon(document)

void openLanguage(document).then(() =>
  createRoot(root).render(
    <StrictMode>
      <App pagesPath={pagesPath} styleNonce={styleNonce} queryClient={queryClient} />
    </StrictMode>
  )
)
