import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'
import { docsPages } from './docs/pages.ts'

/** Answers of the relay, which must always be the relay's own and never the cached page. */
const RELAY_PATHS = [/^\/relay\.json$/, /^\/metrics$/, /^\/healthz?$/, /^\/api\//]

export default defineConfig({
  plugins: [
    react(),
    docsPages(),
    VitePWA({
      registerType: 'prompt',
      manifest: {
        name: 'Roomful',
        short_name: 'Roomful',
        description: 'A roomful of browser tabs, computing together.',
        start_url: '/',
        display: 'standalone',
        background_color: '#10201d',
        theme_color: '#0b6a5d',
        icons: [
          { src: '/icons/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: '/icons/icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: '/icons/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
          { src: '/icons/icon.svg', sizes: 'any', type: 'image/svg+xml' },
        ],
      },
      workbox: {
        globPatterns: ['**/*.{js,css,html,svg,png,jpg,wasm}'],
        navigateFallback: '/index.html',
        navigateFallbackDenylist: RELAY_PATHS,
        maximumFileSizeToCacheInBytes: 8 * 1024 * 1024,
      },
    }),
  ],
  worker: { format: 'es' },
  build: { target: 'es2024', sourcemap: true, chunkSizeWarningLimit: 2048 },
})
