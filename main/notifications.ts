// Shows what notices.ts decided, and what failed after a click in the menu; a click on it opens that server.
// A shown notification is held until it is gone: collected earlier, its click would go nowhere.
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
