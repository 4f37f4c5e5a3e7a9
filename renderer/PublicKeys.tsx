// The public half of the key that a client signs with (private_key_jwt), to be copied into its registration.
// It never changes while the server is in the list, so it is requested only once.
import { useEffect, useState } from 'react'
import { explain } from './actions.ts'
import { CopyLine } from './controls.tsx'
import { door } from './door.ts'
import { keyWords } from './words/server.ts'

export function PublicKeys({ id }: { id: string }) {
  const [read, setRead] = useState({ jwks: '', error: '' })
  useEffect(() => {
    let current = true
    door.call('server.keys', { server: id }).then(
      ({ jwks }) => current && setRead({ jwks: JSON.stringify(jwks, null, 2), error: '' }),
      (error) => current && setRead({ jwks: '', error: explain(error).text })
    )
    return () => {
      current = false
    }
  }, [id])
  return (
    <section>
      <h2 className="cap">{keyWords.title}</h2>
      <p className="help">{keyWords.lead}</p>
      {read.error && <p className="note">{read.error}</p>}
      {read.jwks && <CopyLine label={keyWords.label} text={read.jwks} />}
    </section>
  )
}
