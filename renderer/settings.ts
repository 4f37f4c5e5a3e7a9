// The general settings as the pages know them: loaded when a page needs them, replaced by the answer to each change.
// Until the core has answered they are unknown, and pages show no defaults, which might not be true.
import { useEffect } from 'react'
import type { SettingsChanges, SettingsView, Theme } from '../app/contract/settings.ts'
import { act } from './actions.ts'
import { bridge } from './bridge.ts'
import { createStore } from './store.ts'
import { actionWords } from './words/actions.ts'

const known = createStore<SettingsView | null>(null)

export function useSettings(): SettingsView | null {
  useEffect(() => {
    bridge.call('settings.read', {}).then(known.set, () => {})
  }, [])
  return known.use()
}

export const changeSettings = (changes: SettingsChanges, said: string | null = actionWords.saved) =>
  act('settings.set', async () => {
    known.set(await bridge.call('settings.set', changes))
    return said
  })

const kept = 'theme'

/** Light, dark, or as the system says; kept here too, so that the next start shows the right one before it asks. */
export function showTheme(theme: Theme): void {
  const root = document.documentElement
  if (theme === 'system') delete root.dataset.theme
  else root.dataset.theme = theme
  try {
    localStorage.setItem(kept, theme)
  } catch {
    // A browser may keep nothing for us (SecurityError), or have no room: the theme then follows with the first snapshot.
  }
}

export function showKeptTheme(): void {
  let theme: string | null = null
  try {
    theme = localStorage.getItem(kept)
  } catch {
    // Refused by the browser (SecurityError): as the system says, until the first snapshot.
  }
  if (theme === 'light' || theme === 'dark') showTheme(theme)
}
