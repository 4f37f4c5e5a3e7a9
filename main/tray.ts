// The tray icon: draws what menu.ts decided, at most every 200 ms and only what changed.
// On Linux the system shows the menu by itself; elsewhere it is built as it opens, so that its times are right.
import { join } from 'node:path'
import { Menu, type MenuItemConstructorOptions, nativeImage, nativeTheme, Tray } from 'electron'
import type { Clock } from '../app/base/clock.ts'
import type { Act, Line, Mark } from './menu.ts'

/** What the tray shows. */
export type Face = { mark: Mark; tooltip: string; menu: Line[] }

export type TrayIcon = {
  /** Something may have changed: draws again, soon. */
  refresh(): void
  remove(): void
}

export type TrayOptions = {
  clock: Clock
  platform: NodeJS.Platform
  icons: string
  face(): Face
  act(act: Act): void
}

const redrawEveryMs = 200

export function createTray({ clock, platform, icons, face, act }: TrayOptions): TrayIcon {
  const isMac = platform === 'darwin'
  const theme = () => (nativeTheme.shouldUseDarkColors ? 'dark' : 'light')
  // "Template" in the name makes macOS colour the shape itself; files for denser screens are found by their names.
  const iconOf = (mark: Mark) => {
    const variant = isMac ? 'Template' : platform === 'linux' ? `${theme()}-linux` : theme()
    return nativeImage.createFromPath(join(icons, `tray-${mark}-${variant}.png`))
  }
  const itemIcon = (mark: Mark) => nativeImage.createFromPath(join(icons, `item-${mark}-${theme()}.png`))

  let cancel: (() => void) | null = null
  const first = face()
  let drawn = { icon: keyOf(first), tooltip: '', menu: '' }
  const tray = new Tray(iconOf(first.mark))

  function keyOf({ mark }: Face): string {
    return `${mark} ${theme()}`
  }

  function build(lines: readonly Line[]): Menu {
    const toItem = (line: Line): MenuItemConstructorOptions => {
      if (line === 'separator') return { type: 'separator' }
      const { act: does, lines: inner } = line
      return {
        label: line.label,
        enabled: does !== undefined || inner !== undefined,
        ...(line.mark ? { icon: itemIcon(line.mark) } : {}),
        ...(line.isChecked === undefined ? {} : { type: 'checkbox' as const, checked: line.isChecked }),
        ...(inner ? { submenu: inner.map(toItem) } : {}),
        ...(does ? { click: () => act(does) } : {})
      }
    }
    return Menu.buildFromTemplate(lines.map(toItem))
  }

  function draw(): void {
    cancel = null
    const now = face()
    const icon = keyOf(now)
    if (icon !== drawn.icon) tray.setImage(iconOf(now.mark))
    if (now.tooltip !== drawn.tooltip) tray.setToolTip(now.tooltip)
    const menu = `${theme()} ${JSON.stringify(now.menu)}`
    // An open menu would be torn from under the pointer, so it is replaced only where it says something else.
    if (platform === 'linux' && menu !== drawn.menu) tray.setContextMenu(build(now.menu))
    drawn = { icon, tooltip: now.tooltip, menu }
  }

  const open = () => tray.popUpContextMenu(build(face().menu))
  if (platform !== 'linux') {
    tray.on('click', () => (isMac ? open() : act({ do: 'show' })))
    tray.on('right-click', open)
  } else tray.on('click', () => act({ do: 'show' }))

  const refresh = () => {
    cancel ??= clock.after(redrawEveryMs, draw)
  }
  nativeTheme.on('updated', refresh)
  draw()
  return {
    refresh,
    remove() {
      cancel?.()
      nativeTheme.off('updated', refresh)
      tray.destroy()
    }
  }
}
