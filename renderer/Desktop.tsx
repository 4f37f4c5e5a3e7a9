// The settings that only the desktop application has: start at login, and when to show notifications.
// Each switch takes effect at once and then shows what the system answered.
import { useEffect, useState } from 'react'
import { Checkbox } from 'react-aria-components/Checkbox'
import type { DesktopSettings } from '../app/contract/desktop.ts'
import { act } from './actions.ts'
import { door } from './door.ts'
import { desktopWords } from './words/settings.ts'

function useDesktop() {
  const [settings, setSettings] = useState<DesktopSettings | null>(null)
  useEffect(() => {
    const { desktop } = door
    if (!desktop) return
    const read = () =>
      act('desktop.read', async () => {
        setSettings(await desktop.read())
        return null
      })
    read()
    // A person may have changed it in the system's own settings and come back.
    window.addEventListener('focus', read)
    return () => window.removeEventListener('focus', read)
  }, [])
  const change = (part: Partial<DesktopSettings>) =>
    act('desktop.set', async () => {
      if (door.desktop) setSettings(await door.desktop.set(part))
      return null
    })
  return { settings, change }
}

function Switch({ text, isOn, onChange }: { text: string; isOn: boolean; onChange: (on: boolean) => void }) {
  return (
    <Checkbox className="check" isSelected={isOn} onChange={onChange}>
      <span className="box" aria-hidden="true" />
      {text}
    </Checkbox>
  )
}

export function Desktop() {
  const { settings, change } = useDesktop()
  if (!settings) return null
  const { startAtLogin, notifications } = settings
  return (
    <section>
      <h2 className="cap">{desktopWords.title}</h2>
      <Switch text={desktopWords.startAtLogin} isOn={startAtLogin} onChange={(on) => change({ startAtLogin: on })} />
      <Switch text={desktopWords.notifications} isOn={notifications} onChange={(on) => change({ notifications: on })} />
    </section>
  )
}

/** Whether one server may notify. */
export function Mute({ id }: { id: string }) {
  const { settings, change } = useDesktop()
  if (!settings) return null
  const others = settings.muted.filter((other) => other !== id)
  return (
    <section>
      <h2 className="cap">{desktopWords.title}</h2>
      <Switch
        text={desktopWords.server}
        isOn={!settings.muted.includes(id)}
        onChange={(on) => change({ muted: on ? others : [...others, id] })}
      />
    </section>
  )
}
