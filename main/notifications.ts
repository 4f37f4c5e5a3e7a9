// Shows a desktop notification; a click on it opens what it is about.
// Each is held until it is closed: collected as garbage earlier, it would not notice the click.
import { Notification } from 'electron'

const shown = new Set<Notification>()

export function notify(title: string, body: string, clicked: () => void): void {
  if (!Notification.isSupported()) return
  const notification = new Notification({ title, body, silent: true })
  const forget = () => shown.delete(notification)
  notification.on('click', () => {
    forget()
    clicked()
  })
  notification.on('close', forget)
  notification.on('failed', forget)
  shown.add(notification)
  notification.show()
}
