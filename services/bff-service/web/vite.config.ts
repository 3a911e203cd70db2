import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'
import { compressAssets } from './compress-assets.ts'

export default defineConfig({
  // The service decides under which path the pages stand: files name each other by relative paths.
  base: './',
  plugins: [react(), compressAssets()],
  // The service puts the nonce of each response in the place of this text.
  html: { cspNonce: '__CSP_NONCE__' },
  // The sources of the packages of this repository: the pages build before or after those, as it comes.
  resolve: { conditions: ['@countersign/source', ...defaultClientConditions] },
  build: {
    target: 'es2022',
    sourcemap: false,
    // The charts of the dashboard; the first page stays under 200 kB gzipped.
    chunkSizeWarningLimit: 600,
    // Neither inline scripts nor inlined assets: the Content-Security-Policy names 'self' alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false }
  }
})
