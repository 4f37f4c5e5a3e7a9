// The part of undici that the bundle contains: its dispatchers. A name that is missing here fails the bundling.
// undici's own main file also loads fetch, WebSocket, caches and mocks: 4 MB more in each process.
import connect from '../node_modules/undici/lib/api/api-connect.js'
import Dispatcher from '../node_modules/undici/lib/dispatcher/dispatcher.js'

// As its main file does: a proxy is asked for a tunnel by it.
Dispatcher.prototype.connect = connect

export { default as Client } from '../node_modules/undici/lib/dispatcher/client.js'
export { default as Pool } from '../node_modules/undici/lib/dispatcher/pool.js'
export { default as ProxyAgent } from '../node_modules/undici/lib/dispatcher/proxy-agent.js'
export { default as Socks5ProxyAgent } from '../node_modules/undici/lib/dispatcher/socks5-proxy-agent.js'
