// The proxy for a request, as Chromium knows it: the system's settings and their scripts (PAC) included.
// Only to be asked once Electron is ready.
import { session } from 'electron'
import { type ResolveProxy, readProxyList } from '../app/net/proxy.ts'

export const electronProxy: ResolveProxy = async (url) =>
  readProxyList(await session.defaultSession.resolveProxy(url.href))
