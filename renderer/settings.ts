// The general settings as the pages know them: loaded when a page needs them, replaced by the answer to each change.
// Until the core has answered they are unknown, and pages show no defaults, which might not be true.
import { useEffect } from 'react'
import type { SettingsChanges, SettingsView, Theme } from '../app/contract/settings.ts'
import { act } from './actions.ts'
import { door } from './door.ts'
import { createStore } from './store.ts'
import { actionWords } from './words/actions.ts'

const known = createStore<SettingsView | null>(null)

export function useSettings(): SettingsView | null {
  useEffect(() => {
    door.call('settings.read', {}).then(known.set, () => {})
  }, [])
  return known.use()
}

export const changeSettings = (changes: SettingsChanges, said: string | null = actionWords.saved) =>
  act('settings.set', async () => {
    known.set(await door.call('settings.set', changes))
    return said
  })

/** Light, dark, or as the system says. The start page comes in the theme of the settings already. */
export function showTheme(theme: Theme): void {
  const root = document.documentElement
  if (theme === 'system') delete root.dataset.theme
  else root.dataset.theme = theme
}
