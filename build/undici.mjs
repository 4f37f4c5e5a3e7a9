// What a bundle takes of undici: its dispatchers, as app/ does. Its main file loads fetch, WebSocket, caches and mocks as
// well, 4 MB in each process. A name that is missing here fails the bundling.
import connect from '../node_modules/undici/lib/api/api-connect.js'
import Dispatcher from '../node_modules/undici/lib/dispatcher/dispatcher.js'

// As its main file does: a proxy is asked for a tunnel by it.
Dispatcher.prototype.connect = connect

export { default as Client } from '../node_modules/undici/lib/dispatcher/client.js'
export { default as Pool } from '../node_modules/undici/lib/dispatcher/pool.js'
export { default as ProxyAgent } from '../node_modules/undici/lib/dispatcher/proxy-agent.js'
export { default as Socks5ProxyAgent } from '../node_modules/undici/lib/dispatcher/socks5-proxy-agent.js'
