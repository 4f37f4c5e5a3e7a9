// Handlers of the commands that read and change the general settings.
// A change is written to the settings file and takes effect at once.
import type { settingsCommands } from '../../contract/settings.ts'
import { type LiveSettings, settingsView } from '../../settings/liveSettings.ts'
import type { HandlersOf } from './handlers.ts'

export function createSettingsHandlers(settings: LiveSettings): HandlersOf<keyof typeof settingsCommands> {
  return {
    'settings.read': async () => settingsView(settings.current()),
    'settings.set': async (input) => settingsView(await settings.change(input))
  }
}
