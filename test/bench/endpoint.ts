// A token endpoint in a process of its own: answers every POST after 200 ms with a new access and refresh token.
// Tells its port to its parent, and how many requests it got when asked.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

let requests = 0
const server = createServer((request, response) => {
  requests++
  const number = requests
  request.resume()
  setTimeout(() => {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(
      JSON.stringify({
        access_token: `${number}.`.padEnd(1600, 'a'),
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: `${number}.`.padEnd(400, 'r')
      })
    )
  }, 200)
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => process.send?.({ requests }))
process.on('disconnect', () => process.exit())
