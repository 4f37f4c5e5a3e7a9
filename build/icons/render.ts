// Draws the icons' SVG sources as PNG in every size the systems want, with Chromium: node build/icons/render.ts
// The results are committed under out/, so that neither a build nor a fresh clone needs a browser.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const here = import.meta.dirname
const out = join(here, 'out')

type Kind = keyof typeof colours
/** For light and for dark ground; each passes 3:1 on it. */
const colours = {
  healthy: { light: '#1a7f4b', dark: '#45c98a' },
  ending: { light: '#b06a00', dark: '#f0b040' },
  refreshing: { light: '#1a7f4b', dark: '#45c98a' },
  waiting: { light: '#b06a00', dark: '#f0b040' },
  attention: { light: '#c8322e', dark: '#ff7a72' },
  paused: { light: '#6b7280', dark: '#a3aab8' },
  signedOut: { light: '#6b7280', dark: '#a3aab8' }
}
/** Electron finds the denser ones by their names; Windows uses all of these, macOS 1 and 2. */
const densities = { '': 1, '@1.25x': 1.25, '@1.5x': 1.5, '@2x': 2, '@3x': 3 }
const applicationSizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024]

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
})
const page = await browser.newPage()

async function draw(source: string, file: string, size: number, colour: string): Promise<void> {
  const svg = readFileSync(join(here, `${source}.svg`), 'utf8')
  await page.setViewportSize({ width: size, height: size })
  await page.setContent(
    `<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px;color:${colour}}</style>${svg}`
  )
  writeFileSync(join(out, file), await page.screenshot({ omitBackground: true }))
}

rmSync(out, { recursive: true, force: true })
for (const folder of ['tray', 'app']) mkdirSync(join(out, folder), { recursive: true })
for (const mark of Object.keys(colours) as Kind[]) {
  await draw(mark, `tray/tray-${mark}-Template.png`, 16, '#000')
  await draw(mark, `tray/tray-${mark}-Template@2x.png`, 32, '#000')
  for (const theme of ['light', 'dark'] as const) {
    const colour = colours[mark][theme]
    for (const [name, density] of Object.entries(densities))
      await draw(mark, `tray/tray-${mark}-${theme}${name}.png`, 16 * density, colour)
    // Linux panels take one picture and scale it to their own height.
    await draw(mark, `tray/tray-${mark}-${theme}-linux.png`, 48, colour)
    for (const [name, density] of [
      ['', 1],
      ['@2x', 2]
    ] as const)
      await draw(mark, `tray/item-${mark}-${theme}${name}.png`, 16 * density, colour)
  }
}
for (const size of applicationSizes) await draw('app', `app/${size}x${size}.png`, size, '#000')
await browser.close()
