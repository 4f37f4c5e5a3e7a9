// How the pages are bundled: relative addresses, hashed file names, nothing inline, so that a strict content policy works.
// The same files are loaded by the Electron window and served to a browser.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome130',
    // A small picture as a data: address would save a request and cost the rule that nothing is inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false }
  }
})
