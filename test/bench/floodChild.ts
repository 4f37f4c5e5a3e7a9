// The strangers of the flood's benchmark: four kinds, a hundred connections each, against the port named by the argument.
// Writes a line once all have connected; whatever is dropped comes back a second later.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const port = Number(process.argv[2])
const each = 100

/** A client that nobody let in, as anybody can register it. */
async function register(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'stranger',
      redirect_uris: ['http://127.0.0.1:9/cb'],
      token_endpoint_auth_method: 'none'
    })
  })
  return ((await response.json()) as { client_id?: string }).client_id ?? 'unknown'
}

const client = await register()
const page = new URLSearchParams({
  response_type: 'code',
  client_id: client,
  redirect_uri: 'http://127.0.0.1:9/cb',
  code_challenge: 'a'.repeat(43),
  code_challenge_method: 'S256'
})
const host = `Host: 127.0.0.1:${port}`
const length = 4000
const json = `Content-Type: application/json\r\nContent-Length: ${length}`

/** What a kind sends at once, and then every second. */
const kinds: { first: string; later: string }[] = [
  { first: `POST /token HTTP/1.1\r\n${host}\r\nX-Fill: `, later: 'a' },
  { first: `POST /register HTTP/1.1\r\n${host}\r\n${json}\r\n\r\n`, later: ' ' },
  {
    first: `GET /authorize?${page} HTTP/1.1\r\n${host}\r\n\r\n`,
    later: `GET /authorize?${page} HTTP/1.1\r\n${host}\r\n\r\n`
  },
  {
    first: `POST /one HTTP/1.1\r\n${host}\r\nX-Tokentray-Key: nobody\r\n${json}\r\n\r\n`,
    later: ' '
  }
]

async function hold({ first, later }: (typeof kinds)[number]): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  const ticking = setInterval(() => socket.write(later), 1000)
  socket.on('close', () => {
    clearInterval(ticking)
    setTimeout(() => void hold({ first, later }), 1000)
  })
  socket.write(first)
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
}

for (const kind of kinds) await Promise.all(Array.from({ length: each }, () => hold(kind)))
console.log('flooding')
