// A server's own icon, where it has one: fetched from the core as data when it comes into sight, never from the web.
// It is chosen by the server, so it stands beside the server's host and is no sign of trust.
import { useEffect, useRef, useState } from 'react'
import type { ServerView } from '../app/contract/views.ts'
import { door } from './door.ts'

/** By the digest in the view: the same icon is fetched once. */
const pictures = new Map<string, Promise<string | null>>()

function load(id: string, icon: string): Promise<string | null> {
  const known = pictures.get(icon)
  if (known) return known
  const loading = door.call('server.icon', { server: id }).then(
    ({ picture }) => picture,
    () => {
      pictures.delete(icon) // Without a connection; tried again with the next drawing.
      return null
    }
  )
  pictures.set(icon, loading)
  return loading
}

export function ServerIcon({ view: { id, icon } }: { view: ServerView }) {
  const [picture, setPicture] = useState<string | null>(null)
  const place = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    if (!icon || !place.current) return
    let isCurrent = true
    const observer = new IntersectionObserver((seen) => {
      if (!seen.some(({ isIntersecting }) => isIntersecting)) return
      observer.disconnect()
      void load(id, icon).then((found) => isCurrent && setPicture(found))
    })
    observer.observe(place.current)
    return () => {
      isCurrent = false
      observer.disconnect()
    }
  }, [id, icon])
  if (!icon) return null
  return (
    <span className="serverIcon" ref={place}>
      {picture && <img src={picture} alt="" width="16" height="16" onError={() => setPicture(null)} />}
    </span>
  )
}
