// What the dashboard's pages and its HTTP server tell each other of a browser's session, apart from commands and snapshots.
// Free of zod and Node's modules, because the pages load it.

/** With each request of a page: the session's secret. Never a cookie, which browsers send to every port of a host. */
export const sessionHeader = 'tokentray-session'
/** With each answer: the session's proof. Another program that took over the port cannot know it. */
export const sessionProofHeader = 'tokentray-proof'

/** What a link became; pages keep it in the storage of their origin. */
export type DashboardSession = {
  secret: string
  proof: string
  /** What a person types into a terminal to get in again. */
  command: string
}
